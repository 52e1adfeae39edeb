"""Reads what the predecessor kept secret, or by which somebody authenticates: tokens, endpoints and connections."""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from dcvd.core.connections.connection import Provider
from dcvd.core.predecessor import values
from dcvd.core.predecessor.reading import (
    MAX_NAME_CHARACTERS,
    RawRow,
    ReadResult,
    RowFault,
    read_optional_instant,
    read_row,
    show,
)
from dcvd.core.predecessor.rows import (
    AnyRow,
    ConnectionRow,
    EndpointRow,
    ImportOutcome,
    RowKind,
    TokenRow,
)
from dcvd.core.secret import Secret
from dcvd.core.text import make_printable, shorten
from dcvd.core.webhooks.subscriptions import ALL_EVENTS

Decrypt = Callable[[str], Secret]
"""Decrypts a token. Raises ValueError with the end of a sentence that begins with what it is."""

_MAX_URL_CHARACTERS: Final = 2048
_MAX_SECRET_CHARACTERS: Final = 1_024
_PROVIDERS: Final = {provider.value: provider for provider in Provider}
_DISABLED: Final = frozenset({"0", "0.0", "false", "none", ""})
_HASH: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


def read_token(row: RawRow, *, now: int) -> list[ReadResult]:
    """Read a token; one that has expired stays behind."""
    return read_row(RowKind.TOKEN, row, "org_id", partial(_read_token, row, now))


def read_endpoint(row: RawRow) -> list[ReadResult]:
    """Read an endpoint with its secret."""
    return read_row(RowKind.ENDPOINT, row, "org_id", partial(_read_endpoint, row))


def read_connection(row: RawRow, decrypt: Decrypt) -> list[ReadResult]:
    """Read a connection, and decrypt its tokens."""
    return read_row(RowKind.CONNECTION, row, "org_id", partial(_read_connection, row, decrypt))


def _read_token(row: RawRow, now: int, token_id: str, org_id: str) -> list[AnyRow]:
    token_hash = (values.read_text(row.get("token_hash")) or "").strip()
    if _HASH.fullmatch(token_hash) is None:
        raise RowFault("Its token_hash is no SHA-256 in hex, so nobody could present the token.")
    notes: list[str] = []
    try:
        expires_at = values.read_instant(row.get("expires_at"))
    except ValueError:
        raise RowFault("When it expires cannot be read, so it could outlive its end.") from None
    if expires_at is not None and expires_at <= now:
        raise RowFault("It has expired.", ImportOutcome.LEFT_OUT)
    label = make_printable(values.read_text(row.get("label")) or "") or f"Imported token {token_id[:8]}"
    return [
        TokenRow(
            id=token_id,
            org_id=org_id,
            label=shorten(label, MAX_NAME_CHARACTERS),
            token_hash=token_hash.lower(),
            created_at=read_optional_instant(row, "created_at", notes),
            expires_at=expires_at,
            last_used_at=read_optional_instant(row, "last_used_at", notes),
            notes=(*notes, "It acted as its organization there, so it is an owner's."),
        )
    ]


def _read_endpoint(row: RawRow, endpoint_id: str, org_id: str) -> list[AnyRow]:
    url = (values.read_text(row.get("url")) or "").strip()
    secret = row.get("secret")
    secret = secret.decode("utf-8", "replace") if isinstance(secret, bytes) else secret
    if not url or len(url) > _MAX_URL_CHARACTERS:
        raise RowFault("It has no URL, or a very long one.")
    if not isinstance(secret, str) or not secret:
        raise RowFault("It has no secret, so what is sent could not be signed as before.")
    if len(secret) > _MAX_SECRET_CHARACTERS:
        raise RowFault(f"Its secret is longer than {_MAX_SECRET_CHARACTERS} characters.")
    notes: list[str] = []
    kept, lost = values.read_events(row.get("events"))
    is_enabled = (values.read_text(row.get("enabled", 1)) or "").strip().lower() not in _DISABLED
    if lost:
        notes.append(f"There are no such events here: {', '.join(lost[:10])}.")
    if not kept:
        kept, is_enabled = (ALL_EVENTS,), False
        notes.append("It named no event that there is here; it is disabled: choose its events, then enable it.")
    elif not is_enabled:
        notes.append("It was disabled there, and is here.")
    return [
        EndpointRow(
            id=endpoint_id,
            org_id=org_id,
            url=url,
            secret=Secret(secret),
            events=kept,
            is_enabled=is_enabled,
            created_at=read_optional_instant(row, "created_at", notes),
            notes=tuple(notes),
        )
    ]


def _read_connection(row: RawRow, decrypt: Decrypt, connection_id: str, org_id: str) -> list[AnyRow]:
    provider_text = (values.read_text(row.get("provider")) or "").strip().lower()
    provider = _PROVIDERS.get(provider_text)
    if provider is None:
        raise RowFault(f"There is no provider {show(provider_text)!r} here.")
    notes: list[str] = []
    access_text = values.read_text(row.get("encrypted_access_token"))
    if access_text is None:
        raise RowFault("It has no access token.")
    refresh_text, refresh_token = values.read_text(row.get("encrypted_refresh_token")), None
    try:
        access_token = decrypt(access_text)
    except ValueError as error:
        raise RowFault(f"Its access token {error}.") from None
    if refresh_text is not None:
        try:
            refresh_token = decrypt(refresh_text)
        except ValueError as error:
            notes.append(f"Its refresh token {error}; it works until its access token ends.")
    return [
        ConnectionRow(
            id=connection_id,
            org_id=org_id,
            provider=provider,
            access_token=access_token,
            refresh_token=refresh_token,
            expires_at=read_optional_instant(row, "expires_at", notes),
            created_at=read_optional_instant(row, "created_at", notes),
            notes=tuple(notes),
        )
    ]
