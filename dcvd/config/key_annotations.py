"""How the model declares a key: its valid values, whether it is required, and its environment variable."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, get_type_hints

import msgspec

from dcvd.config.validators import Validator


class ConfigKey(msgspec.Struct, frozen=True, kw_only=True):
    """The declaration of a key of the TOML, in the annotation of its field.

    `required`: the daemon does not start without it. `environment`: a variable of the predecessor
    that wins over the TOML, as the key's own (`environment.variable_of`) wins over both; empty if there is none.
    `reload`: a running daemon takes the new value on SIGHUP; all other keys need a restart. `longest_path_bytes`: how
    many bytes a path may have once it is absolute; 0 for as many as the system allows.
    """

    validate: Validator[Any]
    required: bool = False
    environment: str = ""
    reload: bool = False
    longest_path_bytes: int = 0


class ConfigSecret(msgspec.Struct, frozen=True, kw_only=True):
    """The declaration of a secret: it is read from the file that the key `file_key` of its section names.

    If that key names several files, the attribute has the content of each.

    `environment`: the variable that wins over the file; empty if there is none.
    """

    validate: Validator[str]
    file_key: str
    environment: str = ""
    required: bool = False
    reload: bool = False


@cache
def sections(model: type[msgspec.Struct]) -> Mapping[str, type[msgspec.Struct]]:
    """Map the name of each table in the TOML to its section, in the order of declaration.

    A section within a section is an attribute of its own: `oauth_cloudflare` is the table `oauth.cloudflare`.
    """
    hints = get_type_hints(model)
    return {_table_name(attribute, hints): section for attribute, section in hints.items()}


def attribute_of(table: str) -> str:
    """Return the name of the model's attribute that holds a table's section."""
    return table.replace(".", "_")


def _table_name(attribute: str, attributes: Collection[str]) -> str:
    parent = next((name for name in attributes if attribute.startswith(f"{name}_")), None)
    return f"{parent}.{attribute.removeprefix(f'{parent}_')}" if parent is not None else attribute


@cache
def keys(section: type[msgspec.Struct]) -> Mapping[str, ConfigKey]:
    """Map the TOML keys of a section to their declarations, in the order of declaration."""
    return {
        name: declaration for name, declaration in _declarations(section).items() if isinstance(declaration, ConfigKey)
    }


@cache
def secret_keys(section: type[msgspec.Struct]) -> Mapping[str, ConfigSecret]:
    """Map the attributes of a section that hold secrets to their declarations."""
    return {
        name: declaration
        for name, declaration in _declarations(section).items()
        if isinstance(declaration, ConfigSecret)
    }


def _declarations(section: type[msgspec.Struct]) -> Mapping[str, ConfigKey | ConfigSecret]:
    declarations: dict[str, ConfigKey | ConfigSecret] = {}
    for name, hint in get_type_hints(section, include_extras=True).items():
        for metadata in getattr(hint, "__metadata__", ()):
            if isinstance(metadata, ConfigKey | ConfigSecret):
                declarations[name] = metadata
    missing = set(section.__struct_fields__) - set(declarations)
    if missing:
        raise TypeError(f"{section.__name__} declares {sorted(missing)} without a ConfigKey or ConfigSecret")
    return declarations
