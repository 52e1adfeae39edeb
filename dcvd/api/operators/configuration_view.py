"""The configuration as JSON."""

from typing import Any

from msgspec import Struct

from dcvd.config.settings import Setting
from dcvd.services.configuration import ConfigurationReport


class SettingView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One key, or one secret, of which only is told whether it is set.

    `value`: as TOML has it. `origin`: `default`, `file`, `environment` or `secret_file`. `where`: the file, or the
    variable. `reload`: whether a reload takes over a change.
    """

    key: str
    value: Any
    secret: bool
    set: bool
    origin: str
    where: str
    line: int | None
    default: bool
    reload: bool


class PendingView(Struct, frozen=True, kw_only=True):
    """The keys that differ from what is in force: those that a reload takes over, and those that a restart does.

    `problems`: why neither would happen.
    """

    reload: list[str]
    restart: list[str]
    problems: list[str]


class ConfigurationView(Struct, frozen=True, kw_only=True):
    """`running`: whether this is in force in a daemon; else it is what one would start with."""

    running: bool
    path: str
    settings: list[SettingView]
    warnings: list[str]
    pending: PendingView


class ConfigurationAnswer(Struct, frozen=True):
    configuration: ConfigurationView


def configuration_view(report: ConfigurationReport) -> ConfigurationView:
    """Show what is in force."""
    return ConfigurationView(
        running=report.is_running,
        path=report.path,
        settings=[_setting_view(setting) for setting in report.settings],
        warnings=list(report.warnings),
        pending=PendingView(
            reload=report.changes.reloadable, restart=report.changes.needs_restart, problems=report.problems
        ),
    )


def _setting_view(setting: Setting) -> SettingView:
    return SettingView(
        key=setting.key,
        value=setting.value,
        secret=setting.is_secret,
        set=setting.is_set,
        origin=setting.origin.kind.value,
        where=setting.origin.where,
        line=setting.line,
        default=setting.is_default,
        reload=setting.is_reloadable,
    )
