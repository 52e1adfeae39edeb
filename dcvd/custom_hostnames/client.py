"""Call Cloudflare's API of custom hostnames over HTTP."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import aiohttp
import msgspec
import structlog

from dcvd.config import CloudflareConfig, Config, Live
from dcvd.core.custom_hostnames.certificate_authorities import select_authorities
from dcvd.core.domains.domain import ValidationMethod
from dcvd.core.domains.hostname_orders import HostnameOrder
from dcvd.core.domains.observations import CloudflareHostname, CloudflareHostnameAbsence
from dcvd.core.domains.saas_zone import UNKNOWN_ZONE, PlanFeature, SaasZone
from dcvd.core.http.dates import parse_http_date
from dcvd.core.http.retry_after import parse_retry_after_ms
from dcvd.core.instants import HOUR, to_seconds
from dcvd.custom_hostnames.budget import REQUEST_WINDOW_S, CloudflareBudget, Urgency
from dcvd.custom_hostnames.errors import (
    NOT_FOUND_CODE,
    RATE_LIMITED,
    UNAVAILABLE,
    build_error,
    classify_error,
    require_hostname,
)
from dcvd.custom_hostnames.orders import (
    build_order_body,
    build_revalidation_body,
    build_ssl,
    omit_refused,
)
from dcvd.custom_hostnames.wire import CloudflareEnvelope, CustomHostnamePage, read_envelope, read_hostnames, read_page
from dcvd.custom_hostnames.zone_watch import ZoneWatch
from dcvd.errors import Permanent, Retryable
from dcvd.kit.clock import Clock, SystemClock
from dcvd.kit.tls.trust import TrustStore, load_system_trust
from dcvd.kit.tracing import TRACING
from dcvd.metrics import Metrics

log = structlog.get_logger(__name__)

MAX_PAGE_SIZE: Final = 50
_MAX_ANSWER_BYTES: Final = 8 << 20
_NOBODYS_ID: Final = "00000000-0000-4000-8000-000000000000"
_MAX_RETRY_AFTER_MS: Final = HOUR


class CloudflareClient:
    """Reads and changes the custom hostnames of one zone.

    Every call waits for its turn in the budget, and raises Retryable, Permanent or Unauthorized with the cause chained.
    Its turn comes as if nobody waited for it, unless the caller says that somebody does. Organizations, which callers
    name as owners, take turns.

    saas_zone: where what the answers say of the zone is kept.
    on_recovered: called when a kind of call succeeds again after an outage of that kind, because Cloudflare is often
        unavailable for some kinds of calls only.
    on_fault_ended: called with the codes of faults of the zone that are over.
    get_trust: returns the certificate authorities that are trusted now.
    window_s: the length in seconds of the window that the limit on requests is for.
    clock: the one that is gone by. on_date: called with the instant that an answer told, before it is used.
    """

    def __init__(
        self,
        live_config: Live[Config],
        metrics: Metrics,
        *,
        saas_zone: Live[SaasZone] | None = None,
        on_recovered: Callable[[], None] | None = None,
        on_fault_ended: Callable[[Sequence[str]], None] | None = None,
        get_trust: Callable[[], TrustStore] = load_system_trust,
        window_s: float = REQUEST_WINDOW_S,
        clock: Clock | None = None,
        on_date: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._clock = SystemClock() if clock is None else clock
        self._on_date = on_date
        self._get_trust = get_trust
        self._live_config = live_config
        self._metrics = metrics
        self._on_recovered = on_recovered
        self._failing_calls: set[tuple[str, str]] = set()
        self.zone_watch = ZoneWatch(
            saas_zone or Live(UNKNOWN_ZONE), self._clock.now, on_fault_ended or (lambda _: None)
        )
        self.budget = CloudflareBudget(
            lambda: self._config.requests_per_5m,
            lambda: self._config.certificates_per_minute,
            time.monotonic,
            window_s=window_s,
        )
        self._session: aiohttp.ClientSession | None = None

    @property
    def _config(self) -> CloudflareConfig:
        return self._live_config.value.cloudflare

    @property
    def is_configured(self) -> bool:
        """Whether a zone and a token are known, without which a command may work; the daemon has both."""
        return bool(self._config.zone_id and self._config.api_token)

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

    def count_free_creates(self) -> int | None:
        """Return how many hostnames could be registered now without waiting; None for any number."""
        return self.budget.count_free_certificates()

    def build_order(
        self, hostname: str, *, validation: ValidationMethod = "http", wildcard: bool = False
    ) -> HostnameOrder:
        """Build the order for a hostname, with those of the configured CAs that issue for it."""
        return HostnameOrder(
            hostname=hostname,
            validation=validation,
            wildcard=wildcard,
            certificate_authorities=(
                ()
                if self.zone_watch.zone.lacks(PlanFeature.AUTHORITY_CHOICE)
                else select_authorities(hostname, self._config.certificate_authorities)
            ),
        )

    async def create(
        self,
        hostname: str,
        *,
        validation: ValidationMethod = "http",
        wildcard: bool = False,
        kept_settings: Mapping[str, Any] = {},
        urgency: Urgency = Urgency.ROUTINE,
        owner: str = "",
    ) -> CloudflareHostname:
        """Register a hostname, with the settings that it had before.

        Raises Permanent with remote_code 1406 when the zone has it already.
        """
        order = self.build_order(hostname, validation=validation, wildcard=wildcard)
        body = {"hostname": hostname, **build_order_body(order, kept_settings)}
        envelope: CloudflareEnvelope | None = None
        while envelope is None:
            try:
                envelope = await self._call(
                    "POST",
                    "/custom_hostnames",
                    hostname=hostname,
                    body=body,
                    orders_certificate=True,
                    urgency=urgency,
                    owner=owner,
                )
            except Permanent as error:
                body = omit_refused(error, body, hostname)
        if "certificate_authority" in body["ssl"]:
            self.zone_watch.record_feature(PlanFeature.AUTHORITY_CHOICE)
        if wildcard:
            self.zone_watch.record_feature(PlanFeature.WILDCARD)
        return require_hostname(envelope, "POST", name=hostname)

    async def edit(
        self,
        cloudflare_hostname: CloudflareHostname,
        order: HostnameOrder,
        *,
        urgency: Urgency = Urgency.ROUTINE,
        owner: str = "",
    ) -> CloudflareHostname | CloudflareHostnameAbsence:
        """Edit a hostname so that it is as ordered; Cloudflare then validates it anew. It keeps its settings."""
        return await self._observe(
            "PATCH",
            cloudflare_hostname.id,
            hostname=order.hostname,
            body=build_order_body(order, cloudflare_hostname.kept_settings),
            urgency=urgency,
            owner=owner,
        )

    async def get(
        self, cf_id: str, *, urgency: Urgency = Urgency.ROUTINE, owner: str = ""
    ) -> CloudflareHostname | CloudflareHostnameAbsence:
        """Read a hostname; its absence is an observation, not an error."""
        return await self._observe("GET", cf_id, urgency=urgency, owner=owner)

    async def find(
        self, hostname: str, *, urgency: Urgency = Urgency.ROUTINE, owner: str = ""
    ) -> CloudflareHostname | None:
        """Find the hostname of exactly this name; None when the zone does not have it."""
        query = {"hostname.exact": hostname}
        envelope = await self._call("GET", "/custom_hostnames", query=query, urgency=urgency, owner=owner)
        return next((entry for entry in read_hostnames(envelope.result) if entry.hostname == hostname), None)

    async def list_page(self, number: int) -> CustomHostnamePage:
        """Return a page of up to MAX_PAGE_SIZE hostnames; the first is number 1. Pages shift over time."""
        query = {"page": str(number), "per_page": str(MAX_PAGE_SIZE)}
        envelope = await self._call("GET", "/custom_hostnames", query=query, urgency=Urgency.ROUTINE)
        return read_page(envelope)

    async def revalidate(
        self,
        cloudflare_hostname: CloudflareHostname,
        order: HostnameOrder,
        *,
        certificate_authority: str | None = None,
        urgency: Urgency = Urgency.ROUTINE,
        owner: str = "",
    ) -> CloudflareHostname | CloudflareHostnameAbsence:
        """Have Cloudflare check the hostname's DNS now, which also resets its backoff and renews its tokens.

        The method, wildcard and settings stay as they are there, and so does the CA unless one is given. `order` says
        what they are where Cloudflare does not, and instead of a method that cannot be ordered any more.
        """
        body = build_revalidation_body(
            cloudflare_hostname,
            order,
            certificate_authority,
            has_authority_choice=not self.zone_watch.zone.lacks(PlanFeature.AUTHORITY_CHOICE),
        )
        return await self._observe(
            "PATCH",
            cloudflare_hostname.id,
            hostname=cloudflare_hostname.hostname,
            body=body,
            urgency=urgency,
            owner=owner,
        )

    async def read_setting(self, path: str) -> Any:
        """Return the result of a GET at a path below the zone's, `""` for the zone itself.

        A refusal says nothing of our access: the token needs no such permission.
        """
        return (await self._call("GET", path, urgency=Urgency.ROUTINE, is_optional=True)).result

    async def try_write(self) -> None:
        """Try whether the token may write, by an edit of a hostname that nobody has."""
        answer = await self._observe(
            "PATCH",
            _NOBODYS_ID,
            body={"ssl": build_ssl("", "http", wildcard=False)},
            urgency=Urgency.ROUTINE,
            owner="",
        )
        if isinstance(answer, CloudflareHostnameAbsence):
            self.zone_watch.record_success("PATCH")

    async def delete(self, cf_id: str, *, owner: str = "") -> None:
        """Remove a hostname with its certificates; one that is gone already is a success."""
        try:
            await self._call("DELETE", "/custom_hostnames/{id}", cf_id=cf_id, urgency=Urgency.ROUTINE, owner=owner)
        except Permanent as error:
            if error.remote_code != NOT_FOUND_CODE:
                raise

    async def _observe(
        self,
        method: str,
        cf_id: str,
        *,
        urgency: Urgency,
        owner: str,
        hostname: str = "",
        body: dict[str, Any] | None = None,
    ) -> CloudflareHostname | CloudflareHostnameAbsence:
        """Make a call about one hostname, and return what its answer says of it."""
        try:
            envelope = await self._call(
                method,
                "/custom_hostnames/{id}",
                cf_id=cf_id,
                hostname=hostname,
                body=body,
                urgency=urgency,
                owner=owner,
            )
        except Permanent as error:
            if error.remote_code == NOT_FOUND_CODE:
                return CloudflareHostnameAbsence(cf_id)
            if body is None:
                raise
            body = omit_refused(error, body, hostname)
            return await self._observe(method, cf_id, hostname=hostname, body=body, urgency=urgency, owner=owner)
        return require_hostname(envelope, method, cf_id=cf_id)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        urgency: Urgency,
        owner: str = "",
        cf_id: str = "",
        hostname: str = "",
        query: Mapping[str, str] | None = None,
        body: dict[str, Any] | None = None,
        orders_certificate: bool = False,
        is_optional: bool = False,
    ) -> CloudflareEnvelope:
        """Make a call in its turn, about a hostname where it is given.

        is_optional: whether a refusal says nothing of our access to the zone.
        """
        with TRACING.span(f"cloudflare {method} {path or '/'}", "client") as span:
            span.set("cloudflare.hostname_id", cf_id or None)
            async with self.budget.reserve_call(orders_certificate=orders_certificate, urgency=urgency, owner=owner):
                start_time = time.monotonic()
                status, outcome = 0, "unanswered"
                try:
                    status, envelope, retry_after_s = await self._exchange(method, path, cf_id, query, body)
                    is_ok = 200 <= status < 300 and envelope is not None and envelope.success
                    error = None if is_ok else build_error(method, path, status, envelope, retry_after_s)
                    outcome = "ok" if error is None else classify_error(error)
                finally:
                    self._metrics.record_cloudflare_call(method, path, outcome, time.monotonic() - start_time)
                    span.set("http.response.status_code", status or None)
        if error is None and envelope is not None:
            if not is_optional:
                self.zone_watch.record_success(method)
            if (method, path) in self._failing_calls:
                self._failing_calls.discard((method, path))
                log.info("cloudflare.recovered", method=method, path=path)
                if self._on_recovered is not None:
                    self._on_recovered()
            return envelope
        assert error is not None, "an answer without an envelope is an error"
        if not is_optional:
            self.zone_watch.record_error(method, error, hostname)
        if error.code in (UNAVAILABLE, RATE_LIMITED):
            self._failing_calls.add((method, path))
        raise error

    async def _exchange(
        self, method: str, path: str, cf_id: str, query: Mapping[str, str] | None, body: dict[str, Any] | None
    ) -> tuple[int, CloudflareEnvelope | None, float | None]:
        assert self._session is not None, "start() first"
        url = f"{self._config.base_url}/zones/{self._config.zone_id}{path.replace('{id}', cf_id)}"
        headers = {"Authorization": f"Bearer {self._config.api_token.reveal()}", "Accept": "application/json"}
        data = None
        if body is not None:
            data = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        start_time = time.monotonic()
        try:
            async with asyncio.timeout(to_seconds(self._config.timeout)):
                async with self._session.request(
                    method,
                    url,
                    params=query,
                    data=data,
                    headers=headers,
                    ssl=self._get_trust().context,
                    allow_redirects=False,
                ) as response:
                    date = parse_http_date(response.headers.get("date", ""))
                    if date is not None:
                        self._on_date(date)
                    content = await response.content.read(_MAX_ANSWER_BYTES)
                    while len(content) < _MAX_ANSWER_BYTES and (
                        chunk := await response.content.read(_MAX_ANSWER_BYTES)
                    ):
                        content += chunk
                    retry_after_ms = parse_retry_after_ms(
                        response.headers.get("retry-after"), self._clock.now(), max_ms=_MAX_RETRY_AFTER_MS
                    )
                    retry_after_s = None if retry_after_ms is None else to_seconds(retry_after_ms)
                    elapsed_s = time.monotonic() - start_time
                    self.budget.learn_from(
                        response.status, response.headers.get("ratelimit"), retry_after_s, elapsed_s=elapsed_s
                    )
                    return response.status, read_envelope(content), retry_after_s
        except TimeoutError as error:
            self._failing_calls.add((method, path))
            message = f"Cloudflare did not answer {method} {path} within {to_seconds(self._config.timeout):g} s."
            raise Retryable(message, code=UNAVAILABLE) from error
        except (aiohttp.ClientError, OSError) as error:
            self._failing_calls.add((method, path))
            reason = str(error) or type(error).__name__
            raise Retryable(
                f"Cloudflare could not be reached for {method} {path}: {reason}.", code=UNAVAILABLE
            ) from error
