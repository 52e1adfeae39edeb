"""Turn refusals of Cloudflare's DNS API into errors of ours.

A refusal whose code is undocumented is judged by its HTTP status.
"""

from typing import Final

from dcvd.core.http.exchanges import is_temporary
from dcvd.core.text import make_printable
from dcvd.custom_hostnames.wire import CloudflareEnvelope, CloudflareErrorInfo
from dcvd.errors import Permanent, RecordConflict, RemoteError, Retryable, Unauthorized
from dcvd.providers.record_provider import RATE_LIMITED

_CONFLICT_ERRORS: Final = range(81053, 81059)
_CREDENTIAL_ERRORS: Final = frozenset({1000, 6003, 6111, 9103, 9106, 9109, 10000})
_RECORD_NOT_FOUND: Final = 81044
_MAX_MESSAGE_LENGTH: Final = 200


def to_error(
    method: str, path: str, status: int, envelope: CloudflareEnvelope | None, retry_after_s: float | None
) -> RemoteError:
    """Return the error for a failed call; `path` is a template that names no zone and no record."""
    first = envelope.errors[0] if envelope and envelope.errors else CloudflareErrorInfo(None, "no explanation")
    message = f"Cloudflare answered {method} {path} with {status}"
    if first.code is not None:
        message = f"{message}, code {first.code}: {make_printable(first.message)[:_MAX_MESSAGE_LENGTH]}"
    elif envelope is None:
        message = f"{message}, and not with the JSON of its API"
    message = f"{message.rstrip('.')}."
    if status == 429:
        return Retryable(message, code=RATE_LIMITED, retry_after_s=retry_after_s)
    if is_temporary(status) or envelope is None:
        return Retryable(f"{message} It is tried again.", code="provider_unavailable", retry_after_s=retry_after_s)
    if status in (401, 403) or first.code in _CREDENTIAL_ERRORS:
        message = f"{message} The connection needs a token with Zone:Read and DNS:Edit on the zone."
        return Unauthorized(message, code="provider_unauthorized")
    if first.code in _CONFLICT_ERRORS:
        return RecordConflict(message)
    return Permanent(message, code="provider_refused", http_status=status, remote_code=first.code)


def is_gone(error: Permanent) -> bool:
    """Whether the record of a failed call does not exist (81044, or a bare 404)."""
    return error.remote_code == _RECORD_NOT_FOUND or error.http_status == 404


def unexpected_answer(message: str) -> Retryable:
    """The error for an answer about something else, or one that cannot be used."""
    return Retryable(message, code="provider_unexpected")
