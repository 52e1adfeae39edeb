"""How the model declares a key: what it may hold, whether it is required, where else it may come from."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, get_type_hints

import msgspec

from dcvd.config.validators import Validator


class ConfigKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the TOML, put into the field's annotation.

    `required`: without it there is no serving. `environment`: the variable that wins over the TOML.
    `reload`: a running daemon takes the new value on SIGHUP; all other keys need a restart. `longest_path_bytes`: how
    many bytes a path may have once it is absolute; 0 for as many as the system allows.
    """

    validate: Validator[Any]
    required: bool = False
    environment: str = ""
    reload: bool = False
    longest_path_bytes: int = 0


class ConfigSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret: never a key of the TOML, but read from the file that the key `file_key` of its section names.

    Where that key names several files, the attribute has what each of them holds.

    `environment`: the variable that wins over the file; empty where there is none.
    """

    validate: Validator[str]
    file_key: str
    environment: str = ""
    required: bool = False
    reload: bool = False


@cache
def sections(model: type[msgspec.Struct]) -> Mapping[str, type[msgspec.Struct]]:
    """The sections of the model by the name of their table in the TOML, in the order of their declaration.

    A section within a section is an attribute of its own: `oauth_cloudflare` is the table `oauth.cloudflare`.
    """
    hints = get_type_hints(model)
    return {_table_name(attribute, hints): section for attribute, section in hints.items()}


def attribute_of(table: str) -> str:
    """The model's attribute that holds a section."""
    return table.replace(".", "_")


def _table_name(attribute: str, attributes: Collection[str]) -> str:
    parent, _, rest = attribute.rpartition("_")
    return f"{_table_name(parent, attributes)}.{rest}" if parent in attributes else attribute


@cache
def keys(section: type[msgspec.Struct]) -> Mapping[str, ConfigKey]:
    """The TOML keys of a section by name, in the order of their declaration."""
    return {name: mark for name, mark in _declarations(section).items() if isinstance(mark, ConfigKey)}


@cache
def secret_keys(section: type[msgspec.Struct]) -> Mapping[str, ConfigSecret]:
    """The secrets of a section by the name of the attribute that holds them."""
    return {name: mark for name, mark in _declarations(section).items() if isinstance(mark, ConfigSecret)}


def _declarations(section: type[msgspec.Struct]) -> Mapping[str, ConfigKey | ConfigSecret]:
    marks: dict[str, ConfigKey | ConfigSecret] = {}
    for name, hint in get_type_hints(section, include_extras=True).items():
        for mark in getattr(hint, "__metadata__", ()):
            if isinstance(mark, ConfigKey | ConfigSecret):
                marks[name] = mark
    missing = set(section.__struct_fields__) - set(marks)
    if missing:
        raise TypeError(f"{section.__name__} declares {sorted(missing)} without a Key or SecretKey")
    return marks
