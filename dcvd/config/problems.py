"""The sentences that describe what is wrong with a configuration.

A value is shown with its key so that it can be found, but never where it may be a secret: not below a key whose name
sounds like one, and not the user part of a URL.
"""

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from dcvd.config.validators import ValueFault, quoted_key
from dcvd.core.text import shorten

_MAX_SHOWN: Final = 80
_USER_PART: Final = re.compile(r"(://)[^/@\s]*@")
_SOUNDS_SECRET: Final = re.compile(r"(token|secret|password|passphrase|credential|_key|^key)s?$", re.IGNORECASE)


def describe_wrong_value(source: str, fault: ValueFault) -> str:
    """Describe a wrong value; `source` is the dotted key, or the environment variable, that holds it."""
    return f"{source}{fault.path} is {format_value(fault.value)}: expected {fault.expected}."


def describe_long_path(source: str, value: object, absolute: str, length: int, longest: int) -> str:
    """Describe a path that is too long once it is absolute; it is shown whole, because it has to be shortened."""
    return (
        f"{source} is {format_value(value)}: expected a path of at most {longest} bytes, but {absolute} has {length}."
    )


def describe_unknown_section(name: str, sections: Mapping[str, Iterable[str]], value: object) -> str:
    """Describe a name at the top level that the model does not have."""
    if not isinstance(value, dict):
        candidates = [f"{section}.{name}" for section, keys in sections.items() if name in keys]
        hint = _did_you_mean(candidates or _closest_names(name, sections))
        return f"{quoted_key(name)} stands outside of any section, where no key belongs{hint}."
    return f"[{quoted_key(name)}] is not a known section{_did_you_mean(_closest_names(name, sections))}."


def describe_unknown_key(section: str, name: str, sections: Mapping[str, Iterable[str]]) -> str:
    """Describe a name in a section that the model does not have there."""
    dotted_key = f"{section}.{quoted_key(name)}"
    if _SOUNDS_SECRET.search(name):
        return describe_literal_secret(dotted_key, _file_keys(section, name, sections))
    similar = [f"{section}.{key}" for key in _closest_names(name, sections[section])]
    elsewhere = [f"{other}.{name}" for other, keys in sections.items() if name in keys]
    return f"{dotted_key} is not a known key{_did_you_mean(similar or elsewhere)}."


def describe_literal_secret(dotted: str, file_keys: Iterable[str]) -> str:
    """Describe a secret that stands in the TOML, or a key named like one; `file_keys` name files of secrets."""
    return (
        f"{dotted} would hold a secret, and no secret stands in this file: write it to a file of its own with mode "
        f"0600 and give that file's path as {' or '.join(file_keys)}."
    )


def describe_secret_variable(name: str, file_variable: str, secret_variable: str) -> str:
    """Describe a variable that is named like a secret; `secret_variable` may hold it, and is empty if there is none."""
    direct = f", or set ${secret_variable}" if secret_variable else ""
    return (
        f"${name} would hold a secret: write it to a file of its own with mode 0600 and give that file's path as "
        f"${file_variable}{direct}."
    )


def format_value(value: object) -> str:
    """Format a value much as TOML writes it, in one line of bounded length."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return shorten("[" + ", ".join(format_value(item) for item in value) + "]", _MAX_SHOWN)
    if isinstance(value, str):
        return shorten(json.dumps(_USER_PART.sub(r"\1[redacted]@", value), ensure_ascii=False), _MAX_SHOWN)
    if isinstance(value, bool):
        return "true" if value else "false"
    return shorten(str(value), _MAX_SHOWN)


def _file_keys(section: str, name: str, sections: Mapping[str, Iterable[str]]) -> list[str]:
    if f"{name}_file" in sections[section]:
        return [f"{section}.{name}_file"]
    return [f"{other}.{key}" for other, keys in sections.items() for key in keys if key.endswith("_file")]


def _closest_names(name: str, names: Iterable[str]) -> list[str]:
    return get_close_matches(name.lower().replace("-", "_"), list(names), n=1)


def _did_you_mean(names: Iterable[str]) -> str:
    joined = " or ".join(names)
    return f" (did you mean {joined}?)" if joined else ""
