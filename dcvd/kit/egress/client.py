"""Send HTTP requests to addresses that a tenant chose: one POST, one deadline, no redirects, a bounded answer.

A request over an idle connection costs one write, one future and one timer: parsed URLs are cached, and the answer is
parsed in place.
"""

import asyncio
import functools
from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from dcvd.core.addresses import IpAddress, parse_ip
from dcvd.core.http.client_certificates import ClientCredentials
from dcvd.core.http.exchanges import FailureReason, OwnFault, ReceivedResponse, RepeatedExchange, Timings
from dcvd.kit.egress.control import ControlServer
from dcvd.kit.egress.dial import Dialler
from dcvd.kit.egress.failures import EgressError, EgressErrorKind
from dcvd.kit.egress.guard import EgressPolicy, parse_literal_address
from dcvd.kit.egress.names import GuardedResolver
from dcvd.kit.egress.own_network import OwnNetwork, has_route
from dcvd.kit.egress.pool import ConnectionPool
from dcvd.kit.egress.progress import LOOKUP_PHASE, ExchangeProgress
from dcvd.kit.egress.proxying.proxy import HttpProxy
from dcvd.kit.egress.request import encode_request, parse_target
from dcvd.kit.egress.system_resolver import SystemResolver
from dcvd.kit.tls.trust import TrustStore, load_system_trust

_MAX_TARGETS: Final = 1024  # parsed URLs that are cached
_NETWORK_KINDS: Final[frozenset[EgressErrorKind]] = frozenset({"connect", "tls", "timeout"})
_ANSWER_COUNTS_FOR_S: Final = 10.0
_CONFIRMED_SHARE: Final = 0.5
"""The part of a difference between a receiver's clock and ours that another clock has to confirm."""


class EgressResponse(ReceivedResponse, frozen=True, kw_only=True, gc=False):
    """An answer with the first bytes of its body as they were sent, never decompressed.

    `headers` has only the few headers that are useful to a sender. repeated: as in `EgressError`.
    """

    remote_ip: str | None
    timings: Timings
    repeated: RepeatedExchange | None


class EgressClient:
    """Sends at most `max_connections` requests at once, and keeps as many idle connections for later requests."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        max_connections: int = 64,
        get_trust: Callable[[], TrustStore] = load_system_trust,
        control: ControlServer | None = None,
        proxy: HttpProxy | None = None,
        keep_alive_s: float = 15.0,
        max_age_s: float = 60.0,
    ) -> None:
        """`get_trust` returns the authorities that are trusted now. control: what tells our own network's faults.
        proxy: through which every connection goes; the control has to use the same.

        An idle connection is kept for `keep_alive_s`, and one that was made `max_age_s` and up to a quarter more ago
        takes no further request.
        """
        self._policy = policy
        self._max_connections = max_connections
        self._get_trust = get_trust
        self._keep_alive_s = keep_alive_s
        self._max_age_s = max_age_s
        self._parse_target = functools.lru_cache(maxsize=_MAX_TARGETS)(functools.partial(parse_target, policy=policy))
        self._own_network = OwnNetwork()
        self._control = control
        self._proxy = proxy
        self._pool: ConnectionPool | None = None

    async def start(self) -> None:
        """Open the pool of connections."""
        resolver = GuardedResolver(self._policy, SystemResolver(self._max_connections))
        dialler = Dialler(self._policy, resolver, self._get_trust, self._proxy)
        self._pool = ConnectionPool(
            dialler, self._max_connections, keep_alive_s=self._keep_alive_s, max_age_s=self._max_age_s
        )

    async def close(self) -> None:
        """Close every connection; requests in flight end without an answer. A second call does nothing."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout_s: float,  # one deadline over everything is what this function is for
        owner: str,
        credentials: ClientCredentials | None = None,
    ) -> EgressResponse:
        """Send a request, and return the answer of any status. Raises EgressError when there is none.

        `timeout_s` in seconds bounds everything: waiting for a connection, name, connect, TLS, headers and body.
        `credentials` are shown where the receiver asks for a client certificate. Connections are shared among the
        requests of one `owner` with the same credentials, and lookups among all owners, see `SystemResolver`.
        Where no answer came, it takes seconds more to find out whether our own side is to blame.
        The request is sent a second time in two cases only: when a connection that had been used before was closed
        without an answer, or with 408, which says that the receiver had given it up; and when a new one was closed
        without an answer, and the receiver has an address of the other family.
        """
        if self._pool is None:
            raise RuntimeError("EgressClient.start() has to come before post()")
        progress = self._pool.begin_exchange(timeout_s)
        host = ""
        try:
            target = self._parse_target(url, owner)
            origin, host = target.origin, target.origin.host
            if credentials is not None:
                origin = replace(origin, client_certificate=credentials.digest)
            request = encode_request(target, headers, body)
            response = await self._pool.exchange(origin, request, progress, credentials)
        except EgressError as error:
            error.timings, error.remote_ip, error.repeated = (
                progress.to_timings(),
                progress.remote_ip,
                progress.repeated,
            )
            if error.own_fault is None:
                error.own_fault = await self._find_own_fault(error, progress, host)
            raise
        return EgressResponse(
            status=response.status,
            headers=response.headers,
            body=response.body,
            body_fault=response.body_fault,
            remote_ip=progress.remote_ip,
            timings=progress.to_timings(),
            repeated=progress.repeated,
        )

    def count_connections(self) -> int:
        """Count the connections that are open, in use or kept."""
        return 0 if self._pool is None else self._pool.open_count

    def has_answer_since(self, time_s: float) -> bool:
        """Whether any receiver has answered after an instant (loop time)."""
        answer = None if self._pool is None else self._pool.last_answer
        return answer is not None and answer.time > time_s

    async def is_clock_wrong(self, ahead_ms: int) -> bool:
        """Whether our own clock is wrong, where a receiver's clock is so many milliseconds ahead (negative: behind)."""
        if self._control is None:
            return False
        control_ahead_ms = (await self._control.ask()).ahead_ms
        return control_ahead_ms is not None and control_ahead_ms / ahead_ms > _CONFIRMED_SHARE

    async def _find_own_fault(self, error: EgressError, progress: ExchangeProgress, host: str) -> OwnFault | None:
        """Return why our own side is to blame, where no receiver could have made it look so."""
        is_lookup = error.kind == "timeout" and progress.phase == LOOKUP_PHASE
        if is_lookup or error.reason is FailureReason.NAME_SERVER_FAILED:
            return OwnFault.RESOLVER if await self._own_network.is_resolver_down() else None
        if error.reason is FailureReason.OWN_LIMIT:
            return OwnFault.LIMIT
        if error.reason is FailureReason.NETWORK_UNREACHABLE and not has_route():
            return OwnFault.NO_ROUTE
        is_network = error.kind in _NETWORK_KINDS or error.reason is FailureReason.CONNECTION_RESET
        if self._control is None or not is_network:
            return None
        verdict = await self._control.ask()
        address = parse_literal_address(host) or parse_ip(error.remote_ip or "")
        if verdict.way is not None:
            return None if self._is_disproved(address, by_tls=False) else verdict.way
        if verdict.trust is not None and error.kind == "tls":
            return None if self._is_disproved(address, by_tls=True) else verdict.trust
        return None

    def _is_disproved(self, failed_address: IpAddress | None, *, by_tls: bool) -> bool:
        """Whether a receiver has just answered in the way in which the control could not be reached.

        Then it is the control's own way that is broken, by a firewall, say, and no receiver waits for it.
        """
        answer = None if self._pool is None else self._pool.last_answer
        if answer is None or (by_tls and not answer.is_tls):
            return False
        if asyncio.get_running_loop().time() - answer.time > _ANSWER_COUNTS_FOR_S:
            return False
        # An answer of our own network says nothing of the Internet.
        return answer.address.is_global or (failed_address is not None and not failed_address.is_global)
