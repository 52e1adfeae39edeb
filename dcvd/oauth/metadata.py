"""Fetch an authorization server's metadata (RFC 8414) from its issuer, and cache it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from msgspec import Struct

from dcvd.config.addresses import leads_to_loopback
from dcvd.config.validators import InvalidValue
from dcvd.config.values import endpoint_url
from dcvd.core.http.exchanges import is_temporary
from dcvd.errors import Permanent, RemoteError, Retryable
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.http.json_body import read_json_object

log = structlog.get_logger(__name__)

_CACHE_LIFETIME_S: Final = 3600.0
_FAILURE_LIFETIME_S: Final = 5.0
"""Seconds: callers that waited for a failed fetch get its error, and do not repeat it at once."""


class AuthorizationServerMetadata(Struct, frozen=True, kw_only=True):
    """The metadata that dcvd uses. issuer_in_responses: whether responses name the issuer (RFC 9207, section 3).

    jwks_url, userinfo_url: those of OpenID Connect, where the keys of its signatures are, and who a person is.
    """

    authorize_url: str | None
    token_url: str | None
    revoke_url: str | None
    jwks_url: str | None
    userinfo_url: str | None
    issuer_in_responses: bool


class _CachedMetadata(Struct, frozen=True):
    result: AuthorizationServerMetadata | RemoteError
    expires_s: float


class MetadataCache:
    """The metadata of the few issuers that a configuration names; one call at a time asks an issuer."""

    def __init__(
        self,
        fetcher: Fetcher,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        list_urls: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        """`list_urls` returns where the metadata of an issuer may be; None: at the addresses of both standards."""
        self._fetcher = fetcher
        self._list_urls = _metadata_urls if list_urls is None else list_urls
        self._monotonic = monotonic
        self._entries: dict[str, _CachedMetadata] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, issuer: str) -> AuthorizationServerMetadata:
        """Return the metadata of an issuer.

        Raises Retryable if the server cannot be reached, Permanent (`bad_metadata`) if its metadata cannot be used.
        """
        async with self._locks.setdefault(issuer, asyncio.Lock()):
            entry = self._entries.get(issuer)
            if entry is None or entry.expires_s <= self._monotonic():
                entry = self._entries[issuer] = await self._fetch(issuer)
        if isinstance(entry.result, RemoteError):
            raise entry.result.with_traceback(None)
        return entry.result

    async def _fetch(self, issuer: str) -> _CachedMetadata:
        try:
            metadata = await self._read(issuer)
        except RemoteError as error:
            log.warning("oauth.metadata_failed", issuer=issuer, code=error.code, error=error.message)
            return _CachedMetadata(error, self._monotonic() + _FAILURE_LIFETIME_S)
        return _CachedMetadata(metadata, self._monotonic() + _CACHE_LIFETIME_S)

    async def _read(self, issuer: str) -> AuthorizationServerMetadata:
        for url in self._list_urls(issuer):
            response = await self._fetcher.send("GET", url, headers={"Accept": "application/json"})
            if response.status == HTTPStatus.OK:
                document = read_json_object(response.body)  # None: often a page in HTML
                if document is not None:
                    return _read_metadata(issuer, document)
            elif is_temporary(response.status):
                raise Retryable(f"{issuer} answered {response.status} when it was asked for its metadata.")
        raise _bad_metadata(
            issuer, "no metadata at its well-known addresses; leave the setting issuer empty if it has none"
        )


def _metadata_urls(issuer: str) -> list[str]:
    """The addresses of RFC 8414, section 3.1, then of OpenID Connect Discovery, section 4."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    return [f"{origin}/.well-known/oauth-authorization-server{path}", *list_discovery_urls(issuer)]


def list_discovery_urls(issuer: str) -> list[str]:
    """Return the one address of OpenID Connect Discovery, section 4."""
    return [f"{issuer.rstrip('/')}/.well-known/openid-configuration"]


def _read_metadata(issuer: str, document: dict[str, Any]) -> AuthorizationServerMetadata:
    if document.get("issuer") != issuer:
        raise _bad_metadata(issuer, "metadata that names another issuer, so it may be somebody else's")
    return AuthorizationServerMetadata(
        authorize_url=_read_endpoint(issuer, document, "authorization_endpoint"),
        token_url=_read_endpoint(issuer, document, "token_endpoint"),
        revoke_url=_read_endpoint(issuer, document, "revocation_endpoint"),
        jwks_url=_read_endpoint(issuer, document, "jwks_uri"),
        userinfo_url=_read_endpoint(issuer, document, "userinfo_endpoint"),
        issuer_in_responses=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _read_endpoint(issuer: str, document: dict[str, Any], name: str) -> str | None:
    """The URL of an endpoint, or None. Only an issuer on this machine may name addresses on this machine."""
    url = document.get(name)
    if url is None:
        return None
    try:
        checked = endpoint_url(url)
    except InvalidValue:
        checked = ""
    if not checked or (leads_to_loopback(checked) and not leads_to_loopback(issuer)):
        raise _bad_metadata(issuer, f"metadata whose {name} is no https:// URL to which secrets may go")
    return checked


def _bad_metadata(issuer: str, what: str) -> Permanent:
    return Permanent(f"The authorization server {issuer} has {what}.", code="bad_metadata")
