"""Keys of the configuration that stand in the environment: `DCVD_SECTION__KEY`, with the value as TOML or as it is."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from dcvd.config.key_annotations import ConfigKey, ConfigSecret, keys, secret_keys, sections
from dcvd.config.problems import describe_secret_variable, format_value
from dcvd.config.sections import Config
from dcvd.config.validators import InvalidValue

PREFIX: Final = "DCVD_"
_SEPARATOR: Final = "__"
_NOT_UTF8: Final = re.compile("[\ud800-\udfff]")


def variable_of(dotted_key: str) -> str:
    """Return the variable of a key: that of `oauth.other.client_id` is DCVD_OAUTH__OTHER__CLIENT_ID."""
    return PREFIX + dotted_key.replace(".", _SEPARATOR).upper()


def find_unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each variable that looks like one of a key, and is of none.

    What has no double underscore is of others, such as the addresses that Kubernetes sets for a service called dcvd,
    unless it is a key written with single ones.
    """
    known, secrets = _list_variables()
    by_single_underscores = {name.replace(_SEPARATOR, "_"): name for name in known}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in known:
            continue
        if name in secrets:
            declaration = secrets[name]
            file_variable = name.rpartition(_SEPARATOR)[0] + _SEPARATOR + declaration.file_key.upper()
            yield describe_secret_variable(name, file_variable, declaration.environment)
        elif _SEPARATOR in name:
            similar = [name.upper()] if name.upper() in known else get_close_matches(name.upper(), known, n=1)
            hint = f" (did you mean ${similar[0]}?)" if similar else ""
            yield f"${name} is not the variable of a known key{hint}."
        elif name in by_single_underscores:
            yield (
                f"${name} is not the variable of a known key (did you mean ${by_single_underscores[name]}?): two "
                "underscores stand between a section and its key."
            )


def read_value(variable: str, text: str, default: object, declaration: ConfigKey) -> object:
    """Return the value that a variable holds, as TOML would have it. Raises ValueError with a sentence.

    Lists and tables are written as TOML. So may all else be; a text for which TOML has no value, or one that the key
    does not take, is a string as it stands.
    """
    if _NOT_UTF8.search(text):
        raise ValueError(f"${variable} is no UTF-8.")
    try:
        value = _parse(text)
    except ValueError as error:
        if type(default) is tuple or isinstance(default, Mapping):
            kind, example = ("a list", '["a", "b"]') if type(default) is tuple else ("a table", '{ "a" = ["b"] }')
            raise ValueError(
                f"${variable} is {format_value(text)}: expected {kind} as TOML writes it, such as {example} ({error})."
            ) from error
        return text
    return text if _accepts(declaration, text) and not _accepts(declaration, value) else value


@cache
def _list_variables() -> tuple[Collection[str], Mapping[str, ConfigSecret]]:
    """Return the variables of all keys, and those that the attributes of secrets would have."""
    known: list[str] = []
    secrets: dict[str, ConfigSecret] = {}
    for name, section in sections(Config).items():
        known += (variable_of(f"{name}.{key}") for key in keys(section))
        secrets |= {variable_of(f"{name}.{key}"): declaration for key, declaration in secret_keys(section).items()}
    return dict.fromkeys(known), secrets


def _parse(text: str) -> Any:
    try:
        document = tomllib.loads(f"value = {text}")
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if document.keys() != {"value"}:
        raise ValueError("more than one value")
    return document["value"]


def _accepts(declaration: ConfigKey, value: object) -> bool:
    try:
        declaration.validate(value)
    except InvalidValue:
        return False
    return True
