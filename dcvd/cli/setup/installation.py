"""What an installation puts where: the command, the units, the configuration and the token."""

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from msgspec import Struct

from dcvd.cli.setup.placed_files import PlacedFile, Placement, place, place_link, plan, plan_link
from dcvd.config.defaults import read_documented_defaults

CONFIG_PATH: Final = Path("/etc/dcvd/dcvd.toml")
TOKEN_PATH: Final = Path("/etc/dcvd/cloudflare-token")
_COMMAND_PATH: Final = Path("/usr/local/bin/dcvd")
_UNITS_DIRECTORY: Final = Path("/etc/systemd/system")
_PROGRAM_IN_UNITS: Final = "/opt/dcvd/bin/dcvd"


class Installation(Struct, frozen=True):
    """An installation below `root`; `program` is the command as the installed system finds it."""

    root: Path
    program: Path

    @property
    def config_path(self) -> Path:
        return self._locate(CONFIG_PATH)

    @property
    def token_path(self) -> Path:
        return self._locate(TOKEN_PATH)

    def list_files(self, keys: Mapping[str, str], token: str | None) -> list[PlacedFile]:
        """List the files to put in place. `keys`: those of the configuration that have no default, as TOML has them."""
        files = [
            PlacedFile(self._locate(_UNITS_DIRECTORY / name), self._adapt_unit(text), is_ours=True)
            for name, text in read_units().items()
        ]
        files.append(PlacedFile(self.config_path, fill_in(read_documented_defaults(), keys)))
        if token is not None:
            files.append(PlacedFile(self.token_path, f"{token}\n", mode=0o600))
        return files

    def carry_out(self, files: list[PlacedFile], *, is_dry_run: bool) -> list[tuple[Path, Placement]]:
        """Put the files and the link of the command in place, or only say what that would do. Raises OSError."""
        command = self._locate(_COMMAND_PATH)
        done = [(command, (plan_link if is_dry_run else place_link)(command, self.program))]
        if self.program == _COMMAND_PATH:
            done = []
        return [*done, *((file.path, (plan if is_dry_run else place)(file)) for file in files)]

    def _locate(self, path: Path) -> Path:
        return self.root / path.relative_to("/")

    def _adapt_unit(self, text: str) -> str:
        return text.replace(_PROGRAM_IN_UNITS, str(self.program))


def read_units() -> dict[str, str]:
    """Return the units by their names."""
    names = (entry.name for entry in resources.files(__package__).joinpath("files").iterdir())
    return {name: _read_file(name) for name in sorted(names)}


def fill_in(text: str, keys: Mapping[str, str]) -> str:
    """Set keys that are commented out in the configuration; `keys` are by their last name."""
    for key, value in keys.items():
        text, count = re.subn(rf"(?m)^# {key} = .*$", lambda _, line=f'{key} = "{value}"': line, text, count=1)  # type: ignore[misc]
        assert count == 1, key
    return text


def _read_file(name: str) -> str:
    return resources.files(__package__).joinpath("files", name).read_text(encoding="utf-8")
