"""Examine `server.public_url`: whether it leads here, how long its certificate lasts, and how its proxy hands on."""

import asyncio
import ssl
import time
from collections.abc import Awaitable
from typing import Final, TypeVar

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

from dcvd.cli.operations.operations import open_operations
from dcvd.cli.setup.examinations.call_failures import describe_call_failure
from dcvd.cli.setup.examinations.forwarding import CLAIM, find_host_problem, is_direct, judge_clients
from dcvd.cli.setup.findings import Finding
from dcvd.config import Config, ServerConfig
from dcvd.core.addresses import is_loopback
from dcvd.core.durations import format_span
from dcvd.core.http.arrivals import PROBE_HEADER, Arrival
from dcvd.core.instants import DAY, SECOND
from dcvd.errors import DcvdError
from dcvd.kit.tls.trust import TrustStore

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_PART: Final = "public_url"
_LEAST_LEFT_MS: Final = 7 * DAY
_MAX_BYTES: Final = 1 << 20
_PROXY_ADVICE: Final = "Start the proxy in front of dcvd, and see that its name leads there."
_T = TypeVar("_T")


class _UrlAnswer(Struct, frozen=True, kw_only=True):
    """What the URL answers; left_ms: what is left of its certificate."""

    status: int
    instance: str | None
    left_ms: int | None


async def examine_public_url(config: Config, trust: TrustStore, instance: str | None) -> list[Finding]:
    """Ask the public URL for the facts of the service, and the daemon what arrived of that.

    `instance`: the one that answers at the socket, if any.
    """
    url = config.server.public_url
    if not url:
        return [Finding(_PART, "unknown", "server.public_url is not set, and links, pages and OAuth need it: set it.")]
    async with open_operations(str(config.server.socket), "The daemon") as operations:
        # An observer, and a daemon of an older version, leave it at what the configuration tells.
        code = await _try(operations.begin_probe()) if instance is not None else None
        answer = await _ask(url, trust, code, config.server)
        arrival = None if code is None else await _try(operations.find_arrival(code))
    judged = _judge_answer(answer, arrival, config.server, instance)
    if arrival is None or is_direct(arrival, url):
        return [judged, _examine_trusted_proxies(config)]
    return [judged, judge_clients(arrival, config.server.trusted_proxies)]


async def _try(call: Awaitable[_T]) -> _T | None:
    try:
        return await call
    except (DcvdError, OSError):
        return None


async def _ask(url: str, trust: TrustStore, code: str | None, server: ServerConfig) -> _UrlAnswer | Finding:
    probe = {} if code is None else {PROBE_HEADER: code, "X-Forwarded-For": CLAIM}
    try:
        left_ms = await _measure_certificate(URL(url), trust)
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(f"{url}/api/meta", ssl=trust.context, allow_redirects=False, headers=probe) as answer,
        ):
            raw = await answer.content.read(_MAX_BYTES)
    except ssl.SSLCertVerificationError as error:
        message = f"The certificate of {url} is not accepted: {error.verify_message}. Renew or replace it at the proxy."
        return Finding(_PART, "failing", message)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        reason = describe_call_failure(error)
        is_own = _is_own_address(URL(url), server)
        advice = "systemctl start dcvd starts it." if is_own else _PROXY_ADVICE
        return Finding(_PART, "failing", f"{url} cannot be reached from here: {reason}. {advice}")
    return _UrlAnswer(status=answer.status, instance=_read_instance(raw), left_ms=left_ms)


def _judge_answer(
    answer: _UrlAnswer | Finding, arrival: Arrival | None, server: ServerConfig, instance: str | None
) -> Finding:
    if isinstance(answer, Finding):
        return answer
    url, left_ms, found = server.public_url, answer.left_ms, answer.instance
    lasts = "" if left_ms is None else f" Its certificate is valid for another {format_span(left_ms)}."
    host_problem = None if arrival is None else find_host_problem(arrival, server)
    if host_problem is not None:
        return Finding(_PART, "failing", f"{url} leads here, and is answered {answer.status}. {host_problem}{lasts}")
    if found is None:
        advice = "Let the proxy pass every path to server.listen."
        return Finding(
            _PART, "failing", f"{url}/api/meta answers {answer.status}, and not as dcvd does.{lasts} {advice}"
        )
    if left_ms is not None and left_ms < _LEAST_LEFT_MS:
        return Finding(_PART, "failing", f"{url} leads to a dcvd.{lasts} Renew it at the proxy.")
    if instance is None:
        return Finding(_PART, "unknown", f"{url} leads to a dcvd; whether to this one, its socket would say.{lasts}")
    if found != instance:
        return Finding(_PART, "failing", f"{url} leads to another dcvd than that of this socket.{lasts} See the proxy.")
    return Finding(_PART, "ok", f"{url} leads here.{lasts}")


def _is_own_address(url: URL, server: ServerConfig) -> bool:
    """Whether a URL is that of dcvd itself, without a proxy in front, which alone speaks https."""
    return url.scheme == "http" and any((url.host, url.port) == (own.host, own.port) for own in server.listen)


async def _measure_certificate(url: URL, trust: TrustStore) -> int | None:
    """Measure for how many milliseconds the certificate of a URL is still valid; None without TLS.

    Raises ssl.SSLCertVerificationError, OSError, TimeoutError.
    """
    if url.scheme != "https":
        return None
    async with asyncio.timeout(_TIMEOUT.total):
        _, writer = await asyncio.open_connection(url.host, url.port, ssl=trust.context)
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    certificate = tls.getpeercert() or {}
    writer.close()
    return int((ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) * SECOND)


def _read_instance(raw: bytes) -> str | None:
    try:
        found = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return None
    meta = found.get("meta") if isinstance(found, dict) else None
    instance = meta.get("instance") if isinstance(meta, dict) else None
    return instance if isinstance(instance, str) else None


def _examine_trusted_proxies(config: Config) -> Finding:
    """Judge by the configuration whether the proxy of an https URL is believed when it says for whom it asks."""
    server, part = config.server, "trusted_proxies"
    if URL(server.public_url).scheme != "https" or not server.listen:
        return Finding(part, "ok", "No proxy on TCP is needed for this public_url.")
    if server.trusted_proxies:
        networks = ", ".join(map(str, server.trusted_proxies))
        return Finding(part, "ok", f"X-Forwarded-For is believed from {networks}.")
    where = "127.0.0.1" if all(is_loopback(address.host) for address in server.listen) else "the proxy's address"
    return Finding(
        part,
        "failing",
        "Nobody's X-Forwarded-For is believed, so every tenant behind the proxy looks like one client, with one limit "
        f'of requests: set server.trusted_proxies = ["{where}"].',
    )
