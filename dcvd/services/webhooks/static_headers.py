"""Static headers that a tenant gives its deliveries: which names and values may be chosen, and how a change merges."""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, UnsetType

from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.errors import Conflict, InvalidInput
from dcvd.kit.egress.guard import check_headers
from dcvd.kit.vault.sealing import VaultError
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.webhooks import endpoints

MAX_HEADERS: Final = 20
_MAX_HEADER_BYTES: Final = 4096
_RESERVED_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "content-encoding",
        "content-type",
        "cookie",
        "date",
        "proxy-authorization",
        "user-agent",
    }
)
_RESERVED_HEADER_PREFIXES: Final = ("webhook-", "x-dcvaas-")


def validate(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers, whose names differ in more than case. Raises InvalidInput."""
    valid_headers: dict[str, str] = {}
    for name, value in headers.items():
        lower_name = name.lower()
        refusal = check_headers({name: value})
        if refusal is None and (lower_name in _RESERVED_HEADERS or lower_name.startswith(_RESERVED_HEADER_PREFIXES)):
            refusal = f"The header {name} is set by dcvd itself and cannot be chosen."
        if refusal is None and lower_name in valid_headers:
            refusal = f"The header {name} is given twice."
        if refusal is not None:
            raise InvalidInput("headers", refusal, code="bad_header")
        valid_headers[lower_name] = value
    if len(valid_headers) > MAX_HEADERS or sum(map(len, (*valid_headers, *valid_headers.values()))) > _MAX_HEADER_BYTES:
        message = f"There may be {MAX_HEADERS} headers of {_MAX_HEADER_BYTES} bytes in all."
        raise InvalidInput("headers", message, code="bad_header")
    return dict(headers)


def merge(
    context: Context, snapshot: Snapshot, endpoint: Endpoint, change: Mapping[str, str | None] | UnsetType | None
) -> dict[str, str] | UnsetType:
    """Return all headers after a change (RFC 7396), whose names differ in more than case; UNSET where they stay.

    Raises InvalidInput, and Conflict where those to be kept cannot be read.
    """
    if change is UNSET:
        return UNSET
    if change is None:
        return {}
    given = validate({name: value or "" for name, value in change.items()})
    try:
        stored = endpoints.unseal_headers(snapshot, context.vault, endpoint.org_id, endpoint.id)
    except VaultError as error:
        raise Conflict(
            'The headers of this webhook cannot be read, so none can be kept: send "headers": null, then all of them.',
            code=error.code,
        ) from error
    replaced = {name.lower() for name in given}
    kept = {name: value.reveal() for name, value in stored.items() if name.lower() not in replaced}
    return validate(kept | {name: value for name, value in change.items() if value is not None})
