"""What is in force: every key with its value and where that comes from, and of every secret whether it is set."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from dcvd.config.changes import list_changes, merge_reloadable
from dcvd.config.defaults import read_default_document
from dcvd.config.document import find_lines
from dcvd.config.key_annotations import attribute_of, keys, secret_keys, sections
from dcvd.config.load import LoadedConfig
from dcvd.config.origins import DEFAULT_ORIGIN, Origin, OriginKind
from dcvd.config.sections import Config
from dcvd.core.secret import Secret


class Setting(Struct, frozen=True, kw_only=True):
    """One key, or one secret, which has no value here.

    `value`: as TOML has it, a path from the root; None where there is none. `line`: of the TOML as it is now, if
    the key stands there. `is_default`: it is what it would be if nobody had set it.
    """

    key: str
    value: object
    origin: Origin
    line: int | None
    is_secret: bool
    is_set: bool
    is_default: bool
    is_reloadable: bool


def list_settings(loaded: LoadedConfig) -> list[Setting]:
    """List the settings, in the order of the sections. Reads the TOML again, for the numbers of its lines."""
    try:
        lines = find_lines(loaded.path)
    except (OSError, ValueError):
        lines = {}
    return list(_list_settings(loaded, lines))


def take_over(running: LoadedConfig, loaded: LoadedConfig) -> LoadedConfig:
    """Return what is in force after a reload: what can be reloaded is new, with where it comes from."""
    origins = dict(running.origins)
    for key in list_changes(running.config, loaded.config).reloadable:
        origins.pop(key, None)
        if key in loaded.origins:
            origins[key] = loaded.origins[key]
    return replace(loaded, config=merge_reloadable(running.config, loaded.config), origins=origins)


def _list_settings(loaded: LoadedConfig, lines: Mapping[str, int]) -> Iterator[Setting]:
    defaults = Config()
    for name, section in sections(Config).items():
        attribute = attribute_of(name)
        values, default_values = getattr(loaded.config, attribute), getattr(defaults, attribute)
        documented = _find_documented(name)
        for key, declaration in keys(section).items():
            dotted_key, value = f"{name}.{key}", getattr(values, key)
            origin = loaded.origins.get(dotted_key, DEFAULT_ORIGIN)
            written = documented.get(key) if origin.kind is OriginKind.DEFAULT else origin.value
            is_secret = isinstance(value, Secret)
            yield Setting(
                key=dotted_key,
                value=None if is_secret else str(value) if isinstance(value, Path) else written,
                origin=origin,
                line=lines.get(dotted_key) if origin.kind is OriginKind.FILE else None,
                is_secret=is_secret,
                is_set=is_secret or written is not None,
                is_default=value == getattr(default_values, key),
                is_reloadable=declaration.reload,
            )
        for key, secret in secret_keys(section).items():
            value = getattr(values, key)
            yield Setting(
                key=f"{name}.{key}",
                value=None,
                origin=loaded.origins.get(f"{name}.{key}", DEFAULT_ORIGIN),
                line=None,
                is_secret=True,
                is_set=bool(value) and (not isinstance(value, tuple) or all(value)),
                is_default=value == getattr(default_values, key),
                is_reloadable=secret.reload,
            )


def _find_documented(section: str) -> Mapping[str, object]:
    table = read_default_document()
    for part in section.split("."):
        table = table.get(part, {})
    return table
