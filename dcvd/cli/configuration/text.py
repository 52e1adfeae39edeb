"""A configuration as people read it: TOML that could be loaded, with the origins as comments."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from dcvd.api.operators.configuration_view import ConfigurationView, SettingView
from dcvd.cli.terminal.style import TerminalStyle
from dcvd.config.validators import quoted_key

_PLAIN: Final = TerminalStyle(colours=False)


def format_configuration(configuration: ConfigurationView, style: TerminalStyle = _PLAIN) -> str:
    """Format the settings by section; a secret is a comment that says whether it is set."""
    head = (
        f"# In force in the daemon, whose file is {configuration.path}"
        if configuration.running
        else f"# No daemon runs; this is what one would start with, by {configuration.path} and this environment"
    )
    parts = [style.dim(head)]
    for section, settings in groupby(configuration.settings, key=lambda setting: setting.key.rpartition(".")[0]):
        parts.append(f"\n{style.emphasize(f'[{section}]')}")
        parts += [_format_setting(setting, style) for setting in settings]
    notes = [f"# {note}" for note in _list_notes(configuration)]
    return "\n".join([*parts, *([""] if notes else []), *map(style.mark_doubtful, notes)])


def format_value(value: object) -> str:
    """Format a value as TOML writes it, in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{quoted_key(name)} = {format_value(item)}" for name, item in value.items()) + " }"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(format_value, value))}]"
    return str(value)


def _format_setting(setting: SettingView, style: TerminalStyle) -> str:
    name = setting.key.rpartition(".")[2]
    if setting.secret:
        return style.dim(f"# {name} is {_describe_secret(setting)}")
    if not setting.set:
        return style.dim(f"# {name} is not set")
    return f"{name} = {format_value(setting.value)}  {style.dim(f'# {_describe_origin(setting)}')}"


def _describe_secret(setting: SettingView) -> str:
    if setting.set:
        return f"set, by {_describe_origin(setting)}"
    if setting.origin == "default":
        return "not set"
    return f"not set: {_describe_origin(setting)} holds none that can be read and is right"


def _describe_origin(setting: SettingView) -> str:
    match setting.origin:
        case "file":
            return setting.where if setting.line is None else f"{setting.where}:{setting.line}"
        case "environment":
            return f"${setting.where}"
        case "secret_file":
            return f"the file {setting.where}"
        case _:
            return "default"


def _list_notes(configuration: ConfigurationView) -> Iterator[str]:
    pending = configuration.pending
    if pending.reload:
        yield f"Changed in the file; systemctl reload dcvd takes over: {', '.join(pending.reload)}"
    if pending.restart:
        yield f"Changed in the file; only a restart takes over: {', '.join(pending.restart)}"
    for problem in pending.problems:
        yield f"A reload or a restart would fail: {problem}"
    for warning in configuration.warnings:
        yield f"Warning: {warning}"
