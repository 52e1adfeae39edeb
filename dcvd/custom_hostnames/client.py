"""Cloudflare's custom hostname calls over HTTP."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp
import msgspec
import structlog
from msgspec import Struct

from dcvd.config import Config
from dcvd.core.domains.domain import Validation
from dcvd.core.domains.observations import HostnameGone, HostnameSeen
from dcvd.custom_hostnames.budget import REQUEST_WINDOW, Budget, Urgency
from dcvd.custom_hostnames.errors import DUPLICATE, NOT_FOUND, RATE_LIMITED, UNAVAILABLE, fault
from dcvd.custom_hostnames.wire import Envelope, read_envelope, read_hostname, read_hostnames
from dcvd.errors import Permanent, Retryable
from dcvd.metrics import Metrics

log = structlog.get_logger(__name__)

LARGEST_PAGE: Final = 50
_LARGEST_ANSWER: Final = 8 << 20
_LONGEST_COMMON_NAME: Final = 64
"""A longer name gets a certificate only with one of Cloudflare's own names in front of it (error 1469)."""
_METHODS: Final = frozenset({"http", "txt", "email"})
"""What an order may ask for; `cname` still occurs in answers alone."""
_LONGEST_RETRY_AFTER: Final = 3600.0


class ListPage(Struct, frozen=True):
    """A page of custom hostnames; `total_pages` where Cloudflare told it."""

    hostnames: list[HostnameSeen]
    total_pages: int | None


class CloudflareClient:
    """One zone's custom hostnames. Every call waits for its turn in the budget and raises the error tree's
    Retryable, Permanent or Unauthorized, with the cause chained.

    on_recovered: called when a kind of call succeeds again after the same kind had failed by an outage; another kind's
        success says nothing, because Cloudflare is often away for some calls alone.
    window: seconds that the limit on requests is for.
    """

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        *,
        on_recovered: Callable[[], None] | None = None,
        window: float = REQUEST_WINDOW,
    ) -> None:
        self._config = config.cloudflare
        self._metrics = metrics
        self._on_recovered = on_recovered
        self._away: set[tuple[str, str]] = set()
        self._budget = Budget(
            self._config.requests_per_5m, self._config.certificates_per_minute, time.monotonic, window=window
        )
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the connection pool."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=32, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connection pool."""
        if self._session is not None:
            await self._session.close()

    def configure(self, config: Config) -> None:
        """Take over a reloaded configuration."""
        self._config = config.cloudflare
        self._budget.configure(self._config.requests_per_5m, self._config.certificates_per_minute)

    def creates_free(self) -> int | None:
        """How many hostnames could be registered now without waiting for the pace; None for any number."""
        return self._budget.certificates_free()

    async def create(self, hostname: str, *, validation: Validation = "http", wildcard: bool = False) -> HostnameSeen:
        """Register a hostname. Raises Permanent with remote_code 1406 when the zone has it already.

        Delegated validation is Cloudflare's `txt`, whose records it then answers itself; a wildcard needs it.
        """
        ssl = _ssl(hostname, "http" if validation == "http" else "txt", wildcard=wildcard)
        if self._config.certificate_authorities:
            ssl["certificate_authority"] = self._config.certificate_authorities[0]
        body = {"hostname": hostname, "ssl": ssl}
        envelope = await self._call("POST", "/custom_hostnames", body=body, certificate=True)
        return _expected(_hostname(envelope, "POST"), name=hostname)

    async def get(self, cf_id: str, *, urgency: Urgency = Urgency.NOW) -> HostnameSeen | HostnameGone:
        """Look at a hostname; gone is an observation, not an error."""
        try:
            envelope = await self._call("GET", "/custom_hostnames/{id}", cf_id=cf_id, urgency=urgency)
            return _expected(_hostname(envelope, "GET"), cf_id=cf_id)
        except Permanent as error:
            if error.remote_code == NOT_FOUND:
                return HostnameGone(cf_id)
            raise

    async def find(self, hostname: str) -> HostnameSeen | None:
        """The hostname of exactly this name, if the zone has it."""
        envelope = await self._call("GET", "/custom_hostnames", query={"hostname.exact": hostname})
        return next((seen for seen in read_hostnames(envelope.result) if seen.hostname == hostname), None)

    async def list_page(self, number: int) -> ListPage:
        """A page of up to LARGEST_PAGE hostnames, from 1; pages shift while hostnames come and go."""
        query = {"page": str(number), "per_page": str(LARGEST_PAGE)}
        envelope = await self._call("GET", "/custom_hostnames", query=query, urgency=Urgency.ROUTINE)
        return ListPage(read_hostnames(envelope.result), envelope.total_pages)

    async def revalidate(self, seen: HostnameSeen, *, authority: str | None = None) -> HostnameSeen | HostnameGone:
        """Have Cloudflare look at the hostname's DNS now, which also resets its backoff and renews its tokens.

        What was ordered (`seen`: method, wildcard) stays as it is, but for the CA where another is given.
        """
        fallback = "txt" if seen.wildcard else "http"
        ssl = _ssl(seen.hostname, seen.method if seen.method in _METHODS else fallback, wildcard=seen.wildcard)
        if authority is not None:
            ssl["certificate_authority"] = authority
        try:
            envelope = await self._call("PATCH", "/custom_hostnames/{id}", cf_id=seen.id, body={"ssl": ssl})
            return _expected(_hostname(envelope, "PATCH"), cf_id=seen.id)
        except Permanent as error:
            if error.remote_code == NOT_FOUND:
                return HostnameGone(seen.id)
            raise

    async def delete(self, cf_id: str) -> None:
        """Remove a hostname with its certificates; one that is gone already is a success."""
        try:
            await self._call("DELETE", "/custom_hostnames/{id}", cf_id=cf_id)
        except Permanent as error:
            if error.remote_code != NOT_FOUND:
                raise

    async def _call(
        self,
        method: str,
        path: str,
        *,
        cf_id: str = "",
        query: Mapping[str, str] | None = None,
        body: dict[str, Any] | None = None,
        certificate: bool = False,
        urgency: Urgency = Urgency.NOW,
    ) -> Envelope:
        async with self._budget.call(certificate=certificate, urgency=urgency):
            started = time.monotonic()
            status = 0
            try:
                status, envelope, retry_after = await self._exchange(method, path, cf_id, query, body)
            finally:
                self._metrics.cloudflare_call(method, path, status, time.monotonic() - started)
        if 200 <= status < 300 and envelope is not None and envelope.success:
            if (method, path) in self._away:
                self._away.discard((method, path))
                log.info("cloudflare.recovered", method=method, path=path)
                if self._on_recovered is not None:
                    self._on_recovered()
            return envelope
        error = fault(method, path, status, envelope, retry_after)
        if error.code in (UNAVAILABLE, RATE_LIMITED):
            self._away.add((method, path))
        raise error

    async def _exchange(
        self, method: str, path: str, cf_id: str, query: Mapping[str, str] | None, body: dict[str, Any] | None
    ) -> tuple[int, Envelope | None, float | None]:
        assert self._session is not None, "start() first"
        url = f"{self._config.base_url}/zones/{self._config.zone_id}{path.replace('{id}', cf_id)}"
        headers = {"Authorization": f"Bearer {self._config.api_token.reveal()}", "Accept": "application/json"}
        data = None
        if body is not None:
            data = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(self._config.timeout / 1000):
                async with self._session.request(
                    method, url, params=query, data=data, headers=headers, allow_redirects=False
                ) as response:
                    content = await response.content.read(_LARGEST_ANSWER)
                    while len(content) < _LARGEST_ANSWER and (more := await response.content.read(_LARGEST_ANSWER)):
                        content += more
                    retry_after = _seconds(response.headers.get("retry-after"))
                    took = time.monotonic() - asked_at
                    self._budget.heed(response.status, response.headers.get("ratelimit"), retry_after, took=took)
                    return response.status, read_envelope(content), retry_after
        except TimeoutError as error:
            self._away.add((method, path))
            message = f"Cloudflare did not answer {method} {path} within {self._config.timeout / 1000:g} s."
            raise Retryable(message, code=UNAVAILABLE) from error
        except (aiohttp.ClientError, OSError) as error:
            self._away.add((method, path))
            reason = str(error) or type(error).__name__
            raise Retryable(
                f"Cloudflare could not be reached for {method} {path}: {reason}.", code=UNAVAILABLE
            ) from error


def _ssl(hostname: str, method: str | None, *, wildcard: bool) -> dict[str, Any]:
    """The order of a certificate; an edit that leaves out what was ordered might be read as taking it back."""
    ssl: dict[str, Any] = {"method": method, "type": "dv"}
    if wildcard:
        ssl["wildcard"] = True
    if len(hostname) > _LONGEST_COMMON_NAME:
        ssl["cloudflare_branding"] = True
    return ssl


def _hostname(envelope: Envelope, method: str) -> HostnameSeen:
    seen = read_hostname(envelope.result)
    if seen is None:
        raise Retryable(
            f"Cloudflare's answer to {method} holds no custom hostname; it is tried again.", code=UNAVAILABLE
        )
    return seen


def _expected(seen: HostnameSeen, *, name: str | None = None, cf_id: str | None = None) -> HostnameSeen:
    """The answer, if it is about what was asked; anything else would be stored as another domain's truth."""
    if (name is not None and seen.hostname != name) or (cf_id is not None and seen.id != cf_id):
        message = f"Cloudflare answered about {seen.hostname} ({seen.id}) when it was asked about {name or cf_id}."
        raise Retryable(message, code="cloudflare_unexpected")
    return seen


def _seconds(text: str | None) -> float | None:
    """A `retry-after` in seconds, within reason."""
    stripped = (text or "").strip()
    if not (stripped.isascii() and stripped.isdecimal()):
        return None
    return min(float(stripped[:9]), _LONGEST_RETRY_AFTER)


def is_duplicate(error: Permanent) -> bool:
    """Whether a create was refused because the zone has the hostname already (409, code 1406)."""
    return error.remote_code == DUPLICATE
