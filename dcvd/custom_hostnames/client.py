"""Call Cloudflare's API of custom hostnames over HTTP."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import aiohttp
import msgspec
import structlog
from msgspec import Struct

from dcvd.config import CloudflareConfig, Config, Live
from dcvd.core.custom_hostnames.certificate_authorities import select_authorities
from dcvd.core.domains.domain import ValidationMethod
from dcvd.core.domains.hostname_orders import HostnameOrder, needs_branding
from dcvd.core.domains.observations import CloudflareHostname, CloudflareHostnameAbsence
from dcvd.core.domains.saas_zone import UNKNOWN_ZONE, PlanFeature, SaasZone
from dcvd.core.http.retry_after import parse_retry_after_ms
from dcvd.core.instants import HOUR, to_seconds
from dcvd.custom_hostnames.budget import REQUEST_WINDOW_S, CloudflareBudget, Urgency
from dcvd.custom_hostnames.errors import (
    DUPLICATE_CODE,
    NOT_FOUND_CODE,
    PLAN_LACKS,
    RATE_LIMITED,
    UNAVAILABLE,
    UNEXPECTED,
    build_error,
)
from dcvd.custom_hostnames.wire import CloudflareEnvelope, read_envelope, read_hostname, read_hostnames
from dcvd.custom_hostnames.zone_watch import ZoneWatch, find_lacking
from dcvd.errors import Permanent, Retryable
from dcvd.kit.clock import SystemClock
from dcvd.metrics import Metrics

log = structlog.get_logger(__name__)

MAX_PAGE_SIZE: Final = 50
_MAX_ANSWER_BYTES: Final = 8 << 20
_ORDERABLE_METHODS: Final = frozenset({"http", "txt", "email"})
"""What an order may ask for; `cname` still occurs in answers alone."""
_NOBODYS_ID: Final = "00000000-0000-4000-8000-000000000000"
_MAX_RETRY_AFTER_MS: Final = HOUR


class CustomHostnamePage(Struct, frozen=True):
    """A page of custom hostnames; `total_pages` is None where Cloudflare does not say it."""

    hostnames: list[CloudflareHostname]
    total_pages: int | None


class CloudflareClient:
    """Reads and changes the custom hostnames of one zone.

    Every call waits for its turn in the budget, and raises Retryable, Permanent or Unauthorized with the cause chained.
    Its turn comes as if nobody waited for it, unless the caller says that somebody does. Organizations, which callers
    name as owners, take turns.

    saas_zone: where what the answers say of the zone is kept.
    on_recovered: called when a kind of call succeeds again after an outage of that kind, because Cloudflare is often
        unavailable for some kinds of calls only.
    on_fault_ended: called with the codes of faults of the zone that are over.
    window_s: the length in seconds of the window that the limit on requests is for.
    """

    def __init__(
        self,
        live_config: Live[Config],
        metrics: Metrics,
        *,
        saas_zone: Live[SaasZone] | None = None,
        on_recovered: Callable[[], None] | None = None,
        on_fault_ended: Callable[[Sequence[str]], None] | None = None,
        window_s: float = REQUEST_WINDOW_S,
    ) -> None:
        self._live_config = live_config
        self._metrics = metrics
        self._on_recovered = on_recovered
        self._failing_calls: set[tuple[str, str]] = set()
        self.zone_watch = ZoneWatch(
            saas_zone or Live(UNKNOWN_ZONE), SystemClock().now, on_fault_ended or (lambda _: None)
        )
        self._budget = CloudflareBudget(
            lambda: self._config.requests_per_5m,
            lambda: self._config.certificates_per_minute,
            time.monotonic,
            window_s=window_s,
        )
        self._session: aiohttp.ClientSession | None = None

    @property
    def _config(self) -> CloudflareConfig:
        return self._live_config.value.cloudflare

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
        return self._budget.count_free_certificates()

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
        urgency: Urgency = Urgency.ROUTINE,
        owner: str = "",
    ) -> CloudflareHostname:
        """Register a hostname. Raises Permanent with remote_code 1406 when the zone has it already."""
        order = self.build_order(hostname, validation=validation, wildcard=wildcard)
        body = {"hostname": hostname, "ssl": _build_ordered_ssl(order)}
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
            if not _may_repeat_without_authority(error, body, hostname):
                raise
            envelope = await self._call(
                "POST",
                "/custom_hostnames",
                hostname=hostname,
                body=_without_authority(body),
                orders_certificate=True,
                urgency=urgency,
                owner=owner,
            )
        else:
            if order.certificate_authorities:
                self.zone_watch.record_feature(PlanFeature.AUTHORITY_CHOICE)
        if wildcard:
            self.zone_watch.record_feature(PlanFeature.WILDCARD)
        return _require_hostname(envelope, "POST", name=hostname)

    async def edit(
        self, cf_id: str, order: HostnameOrder, *, urgency: Urgency = Urgency.ROUTINE, owner: str = ""
    ) -> CloudflareHostname | CloudflareHostnameAbsence:
        """Edit a hostname so that it is as ordered; Cloudflare then validates it anew."""
        body = {"ssl": _build_ordered_ssl(order)}
        return await self._observe("PATCH", cf_id, hostname=order.hostname, body=body, urgency=urgency, owner=owner)

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
        return CustomHostnamePage(read_hostnames(envelope.result), envelope.total_pages)

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

        The method and wildcard stay as they are there, and so does the CA unless one is given. `order` says what they
        are where Cloudflare does not, and instead of a method that cannot be ordered any more.
        """
        method, wildcard = cloudflare_hostname.method, cloudflare_hostname.wildcard
        ssl = _build_ssl(
            cloudflare_hostname.hostname,
            method if method in _ORDERABLE_METHODS else order.method,
            wildcard=order.wildcard if wildcard is None else wildcard,
        )
        if certificate_authority is not None:
            ssl["certificate_authority"] = certificate_authority
        return await self._observe(
            "PATCH",
            cloudflare_hostname.id,
            hostname=cloudflare_hostname.hostname,
            body={"ssl": ssl},
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
            body={"ssl": _build_ssl("", "http", wildcard=False)},
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
            if body is None or not _may_repeat_without_authority(error, body, hostname):
                raise
            return await self._observe(
                method, cf_id, hostname=hostname, body=_without_authority(body), urgency=urgency, owner=owner
            )
        return _require_hostname(envelope, method, cf_id=cf_id)

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
        async with self._budget.reserve_call(orders_certificate=orders_certificate, urgency=urgency, owner=owner):
            start_time = time.monotonic()
            status = 0
            try:
                status, envelope, retry_after_s = await self._exchange(method, path, cf_id, query, body)
            finally:
                self._metrics.record_cloudflare_call(method, path, status, time.monotonic() - start_time)
        if 200 <= status < 300 and envelope is not None and envelope.success:
            if not is_optional:
                self.zone_watch.record_success(method)
            if (method, path) in self._failing_calls:
                self._failing_calls.discard((method, path))
                log.info("cloudflare.recovered", method=method, path=path)
                if self._on_recovered is not None:
                    self._on_recovered()
            return envelope
        error = build_error(method, path, status, envelope, retry_after_s)
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
                    method, url, params=query, data=data, headers=headers, allow_redirects=False
                ) as response:
                    content = await response.content.read(_MAX_ANSWER_BYTES)
                    while len(content) < _MAX_ANSWER_BYTES and (
                        chunk := await response.content.read(_MAX_ANSWER_BYTES)
                    ):
                        content += chunk
                    retry_after_ms = parse_retry_after_ms(
                        response.headers.get("retry-after"), SystemClock().now(), max_ms=_MAX_RETRY_AFTER_MS
                    )
                    retry_after_s = None if retry_after_ms is None else to_seconds(retry_after_ms)
                    elapsed_s = time.monotonic() - start_time
                    self._budget.learn_from(
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


def _build_ordered_ssl(order: HostnameOrder) -> dict[str, Any]:
    ssl = _build_ssl(order.hostname, order.method, wildcard=order.wildcard)
    if order.certificate_authorities:
        ssl["certificate_authority"] = order.certificate_authorities[0]
    return ssl


def _build_ssl(hostname: str, method: str | None, *, wildcard: bool) -> dict[str, Any]:
    """Build the order of a certificate, complete, because an edit that omits a part leaves or removes it."""
    ssl: dict[str, Any] = {"method": method, "type": "dv", "wildcard": wildcard}
    if needs_branding(hostname):
        ssl["cloudflare_branding"] = True
    return ssl


def _without_authority(body: dict[str, Any]) -> dict[str, Any]:
    """Return an order that leaves the choice of the CA to Cloudflare."""
    ssl = {member: value for member, value in body["ssl"].items() if member != "certificate_authority"}
    return {**body, "ssl": ssl}


def _may_repeat_without_authority(error: Permanent, body: dict[str, Any], hostname: str) -> bool:
    """Whether an order was refused only because the zone's plan lets nobody choose the CA."""
    if "certificate_authority" not in body["ssl"] or error.code != PLAN_LACKS:
        return False
    return PlanFeature.AUTHORITY_CHOICE in find_lacking(error.message, hostname)


def _require_hostname(
    envelope: CloudflareEnvelope, method: str, *, name: str | None = None, cf_id: str | None = None
) -> CloudflareHostname:
    """Return the hostname if the answer is about the one requested; otherwise a wrong domain would be updated."""
    cloudflare_hostname = read_hostname(envelope.result)
    if cloudflare_hostname is None:
        raise Retryable(
            f"Cloudflare's answer to {method} holds no custom hostname; it is tried again.", code=UNAVAILABLE
        )
    if name not in (None, cloudflare_hostname.hostname) or cf_id not in (None, cloudflare_hostname.id):
        answered = f"{cloudflare_hostname.hostname} ({cloudflare_hostname.id})"
        message = f"Cloudflare answered about {answered} when it was asked about {name or cf_id}."
        raise Retryable(message, code=UNEXPECTED)
    return cloudflare_hostname


def is_duplicate(error: Permanent) -> bool:
    """Whether a create was refused because the zone has the hostname already (409, code 1406)."""
    return error.remote_code == DUPLICATE_CODE
