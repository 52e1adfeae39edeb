"""Ask a server that no tenant can bend whether the fault of a request lies on our own side.

A receiver that cannot be reached may be down, or our network may be. A certificate that is refused may be bad, or our
clock or our list of authorities may be. One exchange with another server, which dcvd needs anyway, tells which.
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

import structlog
from msgspec import Struct
from yarl import URL

from dcvd import __version__
from dcvd.core.http.dates import parse_http_date
from dcvd.core.http.exchanges import FailureReason, OwnFault, ReceivedResponse
from dcvd.kit.clock import Clock, SystemClock
from dcvd.kit.egress.dial import dial_addresses
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.guard import EVERYWHERE, parse_literal_address
from dcvd.kit.egress.progress import ExchangeProgress
from dcvd.kit.egress.proxying.proxy import HttpProxy
from dcvd.kit.egress.request import Origin
from dcvd.kit.egress.system_resolver import SystemResolver
from dcvd.kit.tls.trust import TrustStore, load_system_trust

log = structlog.get_logger(__name__)

_TIMEOUT_S: Final = 3.0
_VERDICT_LIFETIME_S: Final = 5.0
_FAULT_LIFETIME_S: Final = 2.0
_LOG_INTERVAL_S: Final = 30.0
_OWN_REASONS: Final = {
    FailureReason.OWN_LIMIT: OwnFault.LIMIT,
    FailureReason.NETWORK_UNREACHABLE: OwnFault.NO_ROUTE,
    FailureReason.HOST_UNREACHABLE: OwnFault.NETWORK,
    FailureReason.CERTIFICATE_EXPIRED: OwnFault.CLOCK,
    FailureReason.CERTIFICATE_NOT_YET_VALID: OwnFault.CLOCK,
    FailureReason.CHAIN_EXPIRED: OwnFault.CLOCK,
    FailureReason.TRUST_STORE_OUTDATED: OwnFault.TRUST_STORE,
    FailureReason.CERTIFICATE_SELF_SIGNED: OwnFault.TRUST_STORE,
    FailureReason.CERTIFICATE_UNTRUSTED: OwnFault.TRUST_STORE,
    FailureReason.CERTIFICATE_WRONG_NAME: OwnFault.NETWORK,
    FailureReason.TLS_HANDSHAKE: OwnFault.NETWORK,
}


class ControlVerdict(Struct, frozen=True, kw_only=True):
    """What one exchange with the control server showed of our own side; None: nothing is wrong with it.

    way: why the server cannot be reached at all. trust: why its certificate is not accepted. ahead_ms: by how many
    milliseconds its clock is ahead of ours (negative: behind), None where it told no time.
    """

    way: OwnFault | None = None
    trust: OwnFault | None = None
    ahead_ms: int | None = None


class ControlServer:
    """Asks the control server, at most once at a time."""

    def __init__(
        self,
        find_url: Callable[[], str],
        *,
        get_trust: Callable[[], TrustStore] = load_system_trust,
        timeout_s: float = _TIMEOUT_S,
        proxy: HttpProxy | None = None,
        fault_lifetime_s: float = _FAULT_LIFETIME_S,
        clock: Clock | None = None,
        on_date: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`find_url` returns the URL that is asked, without any credentials. `timeout_s` bounds everything.

        proxy: the one through which receivers are reached, so that it is judged with the rest of the way.
        clock: the one with which `ahead_ms` compares. on_date: called with the instant that an answer told.
        """
        self._clock = SystemClock() if clock is None else clock
        self._on_date = on_date
        self._find_url = find_url
        self._get_trust = get_trust
        self._timeout_s = timeout_s
        self._proxy = proxy
        self._fault_lifetime_s = fault_lifetime_s
        self._logged_at = float("-inf")
        self._resolver = SystemResolver(1)
        self._lock = asyncio.Lock()
        self._verdict = ControlVerdict()
        self._verdict_count = 0
        self._judged_at = float("-inf")

    async def ask(self) -> ControlVerdict:
        """Return what the server shows. Never raises; it takes seconds at most, and those who ask meanwhile share it.

        That all is well is believed for some seconds, that something is wrong for a moment.
        """
        known_count = self._verdict_count
        async with self._lock:
            # Whoever has waited for the answer to another takes that answer.
            if self._verdict_count == known_count and not self._is_believed:
                self._verdict = await self._ask()
                self._report(self._verdict)
                self._verdict_count += 1
                self._judged_at = asyncio.get_running_loop().time()
            return self._verdict

    async def ask_for_time(self) -> ControlVerdict:
        """Like `ask`, but nothing is believed, and nothing logged: whoever asks for the time asks all day."""
        async with self._lock:
            return await self._ask()

    @property
    def _is_believed(self) -> bool:
        is_well = self._verdict.way is None and self._verdict.trust is None
        lifetime_s = _VERDICT_LIFETIME_S if is_well else self._fault_lifetime_s
        return asyncio.get_running_loop().time() - self._judged_at < lifetime_s

    async def _ask(self) -> ControlVerdict:
        progress = ExchangeProgress(self._timeout_s)
        url = URL(self._find_url())
        host, is_tls = str(url.raw_host).lower(), url.scheme == "https"
        origin = Origin(host, url.port or 443, is_tls, owner="")
        try:
            async with asyncio.timeout_at(progress.deadline):
                literal = parse_literal_address(host)
                addresses = [literal] if literal is not None else await self._resolver.resolve(host, owner="control")
                connection = await dial_addresses(
                    origin,
                    addresses,
                    policy=EVERYWHERE,
                    get_trust=self._get_trust,
                    progress=progress,
                    proxy=self._proxy,
                )
        except TimeoutError:
            verdict = ControlVerdict(way=OwnFault.NETWORK if self._proxy is None else OwnFault.PROXY)
        except EgressError as error:
            verdict = self._judge_failure(error)
        except OSError as error:
            verdict = ControlVerdict(way=_judge_lookup(error))
        else:
            request = (
                f"GET {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n"
                f"User-Agent: dcvd/{__version__}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
            )
            try:
                answer = await connection.send(request.encode("ascii"), progress.deadline)
            finally:
                connection.abort()
            # Whatever it answers, and if it never does: it was reached.
            verdict = ControlVerdict(ahead_ms=self._measure_clock(answer))
        return verdict

    def _report(self, verdict: ControlVerdict) -> None:
        now = asyncio.get_running_loop().time()
        is_well = verdict.way is None and verdict.trust is None
        if not is_well and now - self._logged_at >= _LOG_INTERVAL_S:
            self._logged_at = now
            host = URL(self._find_url()).raw_host
            log.warning("egress.control_failed", host=host, way=verdict.way, trust=verdict.trust)

    def _measure_clock(self, answer: object) -> int | None:
        date = parse_http_date(answer.headers.get("date", "")) if isinstance(answer, ReceivedResponse) else None
        if date is None:
            return None
        # Before the answer is used: it may be what corrects the clock.
        ahead_ms = date - self._clock.now()
        self._on_date(date)
        return ahead_ms

    def _judge_failure(self, error: EgressError) -> ControlVerdict:
        fault = error.own_fault
        if fault is None and error.reason is not None:
            fault = _OWN_REASONS.get(error.reason)
        if error.kind == "tls":
            return ControlVerdict(trust=fault)
        if self._proxy is not None and fault is OwnFault.NETWORK:
            fault = OwnFault.PROXY
        # A server that refuses the connection was reached all the same.
        return ControlVerdict(way=fault)


def _judge_lookup(error: OSError) -> OwnFault | None:
    if not isinstance(error, socket.gaierror):
        return OwnFault.LIMIT if error.errno == errno.EAGAIN else OwnFault.RESOLVER
    # That there is no such name is an answer.
    return OwnFault.RESOLVER if error.errno in (socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM) else None
