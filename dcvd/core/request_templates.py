"""Texts with placeholders such as `{zone}`, of which requests are made.

A placeholder in a path is filled percent-encoded, one in the strings of a JSON body as JSON encodes it: no value can
become anything but a value.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_PATH: Final = re.compile(r"/(?!/)(?:[A-Za-z0-9\-._~/?@!$&'()*+,;=:]|%[0-9A-Fa-f]{2}|\{[a-z_]+\})*")
_DOTS: Final = re.compile(r"/\.{1,2}(?:[/?]|$)")


def placeholders(text: str) -> frozenset[str]:
    """The names of those that a text has."""
    return frozenset(_PLACEHOLDER.findall(text))


def path_template(text: str, allowed: Collection[str], required: Collection[str] = ()) -> str:
    """The path, perhaps with a query, if it can be one. Raises ValueError."""
    if _PATH.fullmatch(text) is None or _DOTS.search(text.partition("?")[0] + "?"):
        raise ValueError("not a path of a URL")
    _judge(placeholders(text), allowed, required)
    return text


def body_template(text: str, allowed: Collection[str], required: Collection[str] = ()) -> str:
    """The JSON object, if it is one with placeholders in its strings alone. Raises ValueError."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("not JSON") from error
    if not isinstance(document, dict):
        raise ValueError("no JSON object")  # noqa: TRY004  # it is the text that is at fault
    found: set[str] = set()
    _walk(document, found)
    _judge(found, allowed, required)
    return text


def fill_path(template: str, values: Mapping[str, str]) -> str:
    """The path with its values. Raises KeyError for a placeholder that has none."""
    return _PLACEHOLDER.sub(lambda match: quote(values[match[1]], safe=""), template)


def fill_body(template: str, values: Mapping[str, str | int]) -> Any:
    """The document with its values; a string that is nothing but a placeholder becomes the value, a number too."""
    return _filled(msgspec.json.decode(template), values)


def _judge(found: Collection[str], allowed: Collection[str], required: Collection[str]) -> None:
    if not set(required) <= set(found) <= set(allowed):
        raise ValueError("placeholders that are not known here, or that are missing")


def _walk(document: Any, found: set[str]) -> None:
    match document:
        case dict():
            for name, value in document.items():
                if "{" in name or "}" in name:
                    raise ValueError("a placeholder in the name of a member")
                _walk(value, found)
        case list():
            for value in document:
                _walk(value, found)
        case str():
            if set(_PLACEHOLDER.sub("", document)) & set("{}"):
                raise ValueError("a brace that begins or ends no placeholder")
            found |= placeholders(document)
        case _:
            pass


def _filled(document: Any, values: Mapping[str, str | int]) -> Any:
    match document:
        case dict():
            return {name: _filled(value, values) for name, value in document.items()}
        case list():
            return [_filled(value, values) for value in document]
        case str() if (alone := _PLACEHOLDER.fullmatch(document)) is not None:
            return values[alone[1]]
        case str():
            return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), document)
        case _:
            return document
