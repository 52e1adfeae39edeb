"""What differs between two configurations, and what of it a running daemon takes over."""

from msgspec.structs import replace

from dcvd.config.key_annotations import ConfigKey, ConfigSecret, attribute_of, keys, secret_keys, sections
from dcvd.config.sections import Config


def list_changes(old: Config, new: Config) -> tuple[list[str], list[str]]:
    """The dotted keys that differ: those that a running daemon takes over, and those that need a restart.

    Which are which is declared with each key in the model. Names alone: a changed secret is not shown.
    """
    reloadable: list[str] = []
    needs_restart: list[str] = []
    for name, section in sections(Config).items():
        attribute = attribute_of(name)
        before, after = getattr(old, attribute), getattr(new, attribute)
        marks: dict[str, ConfigKey | ConfigSecret] = {**keys(section), **secret_keys(section)}
        for key, mark in marks.items():
            if getattr(before, key) != getattr(after, key):
                (reloadable if mark.reload else needs_restart).append(f"{name}.{key}")
    return reloadable, needs_restart


def merge_reloadable(old: Config, new: Config) -> Config:
    """`old` with the new values of every key that can be reloaded."""
    sections_after = {}
    for name, section in sections(Config).items():
        marks: dict[str, ConfigKey | ConfigSecret] = {**keys(section), **secret_keys(section)}
        attribute = attribute_of(name)
        after = getattr(new, attribute)
        values = {key: getattr(after, key) for key, mark in marks.items() if mark.reload}
        sections_after[attribute] = replace(getattr(old, attribute), **values)
    return Config(**sections_after)
