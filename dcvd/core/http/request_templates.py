"""Templates of HTTP requests: paths and JSON bodies with placeholders such as `{zone}`.

A value in a path is percent-encoded, and a value in a string of a JSON body is encoded as JSON, so that no value can
change the rest of the request.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_PATH_PATTERN: Final = re.compile(r"/(?!/)(?:[A-Za-z0-9\-._~/?@!$&'()*+,;=:]|%[0-9A-Fa-f]{2}|\{[a-z_]+\})*")
_DOT_SEGMENT: Final = re.compile(r"/\.{1,2}(?:[/?]|$)")


def find_placeholders(text: str) -> frozenset[str]:
    """Return the names of the placeholders in a text."""
    return frozenset(_PLACEHOLDER.findall(text))


def validate_path_template(text: str, allowed: Collection[str], required: Collection[str] = ()) -> str:
    """Return the template of a path, with or without a query. Raises ValueError if it is none."""
    if _PATH_PATTERN.fullmatch(text) is None or _DOT_SEGMENT.search(text.partition("?")[0] + "?"):
        raise ValueError("not a path of a URL")
    _validate_placeholders(find_placeholders(text), allowed, required)
    return text


def validate_body_template(text: str, allowed: Collection[str], required: Collection[str] = ()) -> str:
    """Return the template of a JSON object, with placeholders in its strings only. Raises ValueError if it is none."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("not JSON") from error
    if not isinstance(document, dict):
        raise ValueError("no JSON object")  # noqa: TRY004  # the text is at fault, not its type
    placeholders: set[str] = set()
    _collect_placeholders(document, placeholders)
    _validate_placeholders(placeholders, allowed, required)
    return text


def fill_path(template: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders of a path. Raises KeyError for a placeholder without a value."""
    return _PLACEHOLDER.sub(lambda match: quote(values[match[1]], safe=""), template)


def fill_body(template: str, values: Mapping[str, str | int]) -> Any:
    """Replace the placeholders of a JSON document.

    A string that is nothing but a placeholder becomes the value itself, which may be a number.
    """
    return _fill_document(msgspec.json.decode(template), values)


def _validate_placeholders(placeholders: Collection[str], allowed: Collection[str], required: Collection[str]) -> None:
    if not set(required) <= set(placeholders) <= set(allowed):
        raise ValueError("placeholders that are not known here, or that are missing")


def _collect_placeholders(document: Any, placeholders: set[str]) -> None:
    match document:
        case dict():
            for name, value in document.items():
                if "{" in name or "}" in name:
                    raise ValueError("a placeholder in the name of a member")
                _collect_placeholders(value, placeholders)
        case list():
            for value in document:
                _collect_placeholders(value, placeholders)
        case str():
            if set(_PLACEHOLDER.sub("", document)) & set("{}"):
                raise ValueError("a brace that begins or ends no placeholder")
            placeholders |= find_placeholders(document)
        case _:
            pass


def _fill_document(document: Any, values: Mapping[str, str | int]) -> Any:
    match document:
        case dict():
            return {name: _fill_document(value, values) for name, value in document.items()}
        case list():
            return [_fill_document(value, values) for value in document]
        case str() if (alone := _PLACEHOLDER.fullmatch(document)) is not None:
            return values[alone[1]]
        case str():
            return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), document)
        case _:
            return document
