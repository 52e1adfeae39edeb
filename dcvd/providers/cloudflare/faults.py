"""Refusals of Cloudflare's DNS → the error tree.

A code that nobody has documented is judged by its HTTP status.
"""

from typing import Final

from dcvd.core.text import printable
from dcvd.custom_hostnames.wire import Envelope, RemoteFault
from dcvd.errors import Permanent, RemoteError, Retryable, Unauthorized

UNAVAILABLE: Final = "provider_unavailable"
UNEXPECTED: Final = "provider_unexpected"
CONFLICT: Final = "record_conflict"
_CONFLICTS: Final = range(81053, 81059)
_CREDENTIALS: Final = frozenset({1000, 6003, 6111, 9103, 9106, 9109, 10000})
_GONE: Final = 81044
_LONGEST: Final = 200
_LONGEST_RETRY_AFTER: Final = 3600.0


def fault(method: str, path: str, status: int, envelope: Envelope | None, retry_after: str | None) -> RemoteError:
    """The error that a failed call is raised as; `path` names no zone and no record."""
    first = envelope.errors[0] if envelope and envelope.errors else RemoteFault(None, "no explanation")
    said = f"Cloudflare answered {method} {path} with {status}"
    if first.code is not None:
        said = f"{said}, code {first.code}: {printable(first.message)[:_LONGEST]}"
    said = f"{said.rstrip('.')}."
    if status == 429:
        return Retryable(said, code="provider_rate_limited", retry_after=_seconds(retry_after))
    if status >= 500 or envelope is None:
        return Retryable(f"{said} It is tried again.", code=UNAVAILABLE, retry_after=_seconds(retry_after))
    if status in (401, 403) or first.code in _CREDENTIALS:
        message = f"{said} The connection needs a token with Zone:Read and DNS:Edit on the zone."
        return Unauthorized(message, code="provider_unauthorized")
    code = CONFLICT if first.code in _CONFLICTS else "provider_refused"
    return Permanent(said, code=code, http_status=status, remote_code=first.code)


def is_gone(error: Permanent) -> bool:
    """Whether the record that a call was about is not there (81044, or a bare 404)."""
    return error.remote_code == _GONE or error.http_status == 404


def unexpected(message: str) -> Retryable:
    """For an answer about something else, or of no use."""
    return Retryable(message, code=UNEXPECTED)


def _seconds(text: str | None) -> float | None:
    """A `retry-after` in seconds, within reason."""
    stripped = (text or "").strip()
    if not (stripped.isascii() and stripped.isdecimal()):
        return None
    return min(float(stripped[:9]), _LONGEST_RETRY_AFTER)
