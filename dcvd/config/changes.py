"""The differences between two configurations, and which of them a running daemon takes over."""

from typing import NamedTuple

from msgspec.structs import replace

from dcvd.config.key_annotations import ConfigKey, ConfigSecret, attribute_of, keys, secret_keys, sections
from dcvd.config.sections import Config


class ConfigChanges(NamedTuple):
    """The dotted keys that differ: those that a running daemon takes over, and those that need a restart."""

    reloadable: list[str]
    needs_restart: list[str]


def list_changes(old: Config, new: Config) -> ConfigChanges:
    """List the keys that differ, as the model declares them. No value is listed, because it may be a secret."""
    reloadable: list[str] = []
    needs_restart: list[str] = []
    for name, section in sections(Config).items():
        attribute = attribute_of(name)
        before, after = getattr(old, attribute), getattr(new, attribute)
        declarations: dict[str, ConfigKey | ConfigSecret] = {**keys(section), **secret_keys(section)}
        for key, declaration in declarations.items():
            if getattr(before, key) != getattr(after, key):
                (reloadable if declaration.reload else needs_restart).append(f"{name}.{key}")
    return ConfigChanges(reloadable, needs_restart)


def merge_reloadable(old: Config, new: Config) -> Config:
    """Return `old` with the new values of all keys that can be reloaded."""
    sections_after = {}
    for name, section in sections(Config).items():
        declarations: dict[str, ConfigKey | ConfigSecret] = {**keys(section), **secret_keys(section)}
        attribute = attribute_of(name)
        after = getattr(new, attribute)
        values = {key: getattr(after, key) for key, declaration in declarations.items() if declaration.reload}
        sections_after[attribute] = replace(getattr(old, attribute), **values)
    return Config(**sections_after)
