"""The configuration of the daemon that runs, beside what its file says by now."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from dcvd.config import ConfigChanges, LoadedConfig, list_changes
from dcvd.config.settings import Setting, list_settings, take_over
from dcvd.errors import ConfigError


class ConfigurationReport(Struct, frozen=True, kw_only=True):
    """What is in force, and how the file differs from it.

    `is_running`: in a daemon; a command only knows what one would start with. `problems`: why the file cannot be
    compared, because a reload or a start would refuse it.
    """

    is_running: bool
    path: str
    settings: list[Setting]
    warnings: tuple[str, ...]
    changes: ConfigChanges
    problems: list[str]


class RunningConfiguration:
    """Knows what is in force."""

    def __init__(self, loaded: LoadedConfig, read_again: Callable[[], LoadedConfig] | None = None) -> None:
        """`read_again` reads the file anew, as a reload would, and raises ConfigError; None in a command."""
        self._loaded = loaded
        self._read_again = read_again

    def take_over(self, loaded: LoadedConfig) -> None:
        """Note what a reload has read and taken over."""
        self._loaded = take_over(self._loaded, loaded)

    async def report(self) -> ConfigurationReport:
        """Report what is in force, with what would change by a reload or a restart."""
        return await asyncio.to_thread(self.report_at_once)

    def report_at_once(self) -> ConfigurationReport:
        """Report the same, reading files in this very thread."""
        running = self._loaded
        changes, problems = ConfigChanges([], []), list[str]()
        try:
            if self._read_again is not None:
                changes = list_changes(running.config, self._read_again().config)
        except ConfigError as error:
            problems = error.problems
        return ConfigurationReport(
            is_running=self._read_again is not None,
            path=str(running.path),
            settings=list_settings(running),
            warnings=running.warnings,
            changes=changes,
            problems=problems,
        )
