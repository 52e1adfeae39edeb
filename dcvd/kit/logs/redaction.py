"""Redact the secrets in a log line: recognize them by type, by the name of their key, or by their form."""

import re
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from dcvd.core.secret import REDACTED, Secret

_SECRET_FORMS: Final = re.compile(
    r"dcv_(?:live|link)_[0-9a-f]{32}|dcv_(?:confirm|unsubscribe|session|signin)_[0-9a-f]{64}|whsec_[A-Za-z0-9+/=]+|[Bb][Ee][Aa][Rr][Ee][Rr]\s+\S+"
)
_SECRET_NAMES: Final = frozenset(
    {
        "api_key",
        "authorization",
        "cookie",
        "encryption_key",
        "passphrase",
        "password",
        "private_key",
        "proxy_authorization",
        "secret",
        "set_cookie",
        "signing_secret",
        "token",
        "x_auth_key",
    }
)
_SECRET_NAME_ENDINGS: Final = ("_secret", "_password", "_token", "_passphrase")
_CAMEL_CASE_BOUNDARY: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MAX_DEPTH: Final = 12  # deeper than any value of ours; ends the recursion in a cycle


def redact(value: Any, depth: int = 0) -> Any:
    """Replace every secret in a value, and return plain JSON types; any other type becomes its redacted repr."""
    match value:
        case str():
            return scrub(value)
        case None | bool() | int() | float():
            return value
        case Secret():
            return REDACTED
        case _ if depth >= _MAX_DEPTH:
            return "[too deep]"
        case Mapping():
            return {
                scrub(str(key)): REDACTED if _is_secret_name(key) and item is not None else redact(item, depth + 1)
                for key, item in value.items()
            }
        case (bytes() | bytearray() | memoryview()) as raw:
            return scrub(bytes(raw).decode("utf-8", "backslashreplace"))
        case Sequence() | Set():
            return [redact(item, depth + 1) for item in value]
        case _:
            return scrub(_describe(value))


def scrub(text: str) -> str:
    """Replace everything in a text that has a secret's form, and spell out lone surrogates."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    return _SECRET_FORMS.sub(REDACTED, text)


def _is_secret_name(key: object) -> bool:
    if not isinstance(key, str):
        return False
    name = _CAMEL_CASE_BOUNDARY.sub("_", key).replace("-", "_").lower()
    return name in _SECRET_NAMES or name.endswith(_SECRET_NAME_ENDINGS)


def _describe(value: object) -> str:
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001  # a broken repr must not lose the log line it is part of
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
