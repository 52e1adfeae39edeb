"""An authorization server's metadata (RFC 8414), read from where its issuer puts it and kept for a while."""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import structlog
from msgspec import Struct

from dcvd.config.addresses import is_loopback
from dcvd.config.validators import CheckError
from dcvd.config.values import endpoint_url
from dcvd.errors import Permanent, RemoteError, Retryable
from dcvd.kit.http.fetch import Fetched, Fetcher

log = structlog.get_logger(__name__)

_KEPT: Final = 3600.0
_FAILURE_KEPT: Final = 5.0
"""Seconds: whoever waited for one that failed does not have it asked again at once."""


class Metadata(Struct, frozen=True, kw_only=True):
    """What of it matters here. issuer_in_answers: RFC 9207, section 3."""

    authorize_url: str | None
    token_url: str | None
    revoke_url: str | None
    issuer_in_answers: bool


class _Known(Struct, frozen=True):
    found: Metadata | RemoteError
    until: float


class MetadataCache:
    """Of the few issuers that a configuration names; each is asked by one at a time."""

    def __init__(self, fetcher: Fetcher, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetcher = fetcher
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def of(self, issuer: str) -> Metadata:
        """Raises Retryable where the server cannot be asked, Permanent (`bad_metadata`) for what cannot be used."""
        async with self._asking.setdefault(issuer, asyncio.Lock()):
            known = self._known.get(issuer)
            if known is None or known.until <= self._monotonic():
                known = self._known[issuer] = await self._ask(issuer)
        if isinstance(known.found, RemoteError):
            raise known.found.with_traceback(None)
        return known.found

    async def _ask(self, issuer: str) -> _Known:
        try:
            found = await self._read(issuer)
        except RemoteError as error:
            log.warning("oauth.metadata_failed", issuer=issuer, code=error.code, error=error.message)
            return _Known(error, self._monotonic() + _FAILURE_KEPT)
        return _Known(found, self._monotonic() + _KEPT)

    async def _read(self, issuer: str) -> Metadata:
        for url in _places(issuer):
            fetched = await self._fetcher.send("GET", url, headers={"Accept": "application/json"})
            if fetched.status == HTTPStatus.OK:
                document = _json_object(fetched)
                if document is not None:
                    return _metadata(issuer, document)
            elif fetched.status == HTTPStatus.TOO_MANY_REQUESTS or fetched.status >= 500:
                raise Retryable(f"{issuer} answered {fetched.status} when it was asked for its metadata.")
        raise _bad(issuer, "no metadata at its well-known addresses; leave the setting issuer empty if it has none")


def _places(issuer: str) -> list[str]:
    """RFC 8414, section 3.1, then OpenID Connect Discovery, section 4."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    return [
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}{path}/.well-known/openid-configuration",
    ]


def _json_object(fetched: Fetched) -> dict[str, Any] | None:
    try:
        document = msgspec.json.decode(fetched.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # often a page in HTML, which is no metadata at this place
    return document if isinstance(document, dict) else None


def _metadata(issuer: str, document: dict[str, Any]) -> Metadata:
    if document.get("issuer") != issuer:
        raise _bad(issuer, "metadata in which another issuer stands, so it may be somebody else's")
    return Metadata(
        authorize_url=_endpoint(issuer, document, "authorization_endpoint"),
        token_url=_endpoint(issuer, document, "token_endpoint"),
        revoke_url=_endpoint(issuer, document, "revocation_endpoint"),
        issuer_in_answers=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(issuer: str, document: dict[str, Any], name: str) -> str | None:
    """Only an issuer on this machine may name addresses on this machine."""
    url = document.get(name)
    if url is None:
        return None
    try:
        checked = endpoint_url(url)
    except CheckError:
        checked = ""
    if not checked or (is_loopback(checked) and not is_loopback(issuer)):
        raise _bad(issuer, f"metadata whose {name} is no https:// URL to which secrets may go")
    return checked


def _bad(issuer: str, what: str) -> Permanent:
    return Permanent(f"The authorization server {issuer} has {what}.", code="bad_metadata")
