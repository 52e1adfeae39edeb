"""Send HTTP requests to addresses that a tenant chose: one POST, one deadline, no redirects, a bounded answer.

A request over an idle connection costs one write, one future and one timer: parsed URLs are cached, and the answer is
parsed in place.
"""

import functools
import ssl
from collections.abc import Mapping
from typing import Final

from dcvd.core.http.exchanges import FailureReason, ReceivedResponse, RepeatedExchange, Timings
from dcvd.kit.egress.dial import Dialler
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.egress.names import GuardedResolver
from dcvd.kit.egress.own_network import OwnNetwork, has_route
from dcvd.kit.egress.pool import ConnectionPool
from dcvd.kit.egress.progress import LOOKUP_PHASE, ExchangeProgress
from dcvd.kit.egress.request import encode_request, parse_target
from dcvd.kit.egress.system_resolver import SystemResolver

_MAX_TARGETS: Final = 1024  # parsed URLs that are cached


class EgressResponse(ReceivedResponse, frozen=True, kw_only=True):
    """An answer with the first bytes of its body as they were sent, never decompressed.

    `headers` has only the few headers that are useful to a sender. repeated: as in `EgressError`.
    """

    remote_ip: str | None
    timings: Timings
    repeated: RepeatedExchange | None


@functools.cache
def build_system_tls() -> ssl.SSLContext:
    """Return the context that trusts the system's certificate authorities."""
    # Once for all clients: to read the authorities takes 40 ms, in which the event loop does nothing else.
    tls = ssl.create_default_context()
    tls.set_alpn_protocols(["http/1.1"])
    return tls


class EgressClient:
    """Sends at most `max_connections` requests at once, and keeps as many idle connections for later requests."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        max_connections: int = 64,
        tls: ssl.SSLContext | None = None,
        keep_alive_s: float = 15.0,
        max_age_s: float = 60.0,
    ) -> None:
        """`tls` None: trust the system's certificate authorities.

        An idle connection is kept for `keep_alive_s`, and one that was made `max_age_s` and up to a quarter more ago
        takes no further request.
        """
        self._policy = policy
        self._max_connections = max_connections
        self._tls = tls
        self._keep_alive_s = keep_alive_s
        self._max_age_s = max_age_s
        self._parse_target = functools.lru_cache(maxsize=_MAX_TARGETS)(functools.partial(parse_target, policy=policy))
        self._own_network = OwnNetwork()
        self._pool: ConnectionPool | None = None

    async def start(self) -> None:
        """Open the pool of connections."""
        tls = build_system_tls() if self._tls is None else self._tls
        resolver = GuardedResolver(self._policy, SystemResolver(self._max_connections))
        dialler = Dialler(self._policy, resolver, tls)
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
    ) -> EgressResponse:
        """Send a request, and return the answer of any status. Raises EgressError when there is none.

        `timeout_s` in seconds bounds everything: waiting for a connection, name, connect, TLS, headers and body.
        Connections are shared among the requests of one `owner`, and lookups among all owners, see `SystemResolver`.
        Where the name could not be looked up, it takes seconds more to find out whether our own resolver is down.
        The request is sent a second time in one case only: when a connection that had been used before was closed
        without an answer, or with 408, which says that the receiver had given it up.
        """
        if self._pool is None:
            raise RuntimeError("EgressClient.start() has to come before post()")
        progress = ExchangeProgress(timeout_s)
        try:
            target = self._parse_target(url, owner)
            response = await self._pool.exchange(target.origin, encode_request(target, headers, body), progress)
        except EgressError as error:
            error.timings, error.remote_ip, error.repeated = (
                progress.to_timings(),
                progress.remote_ip,
                progress.repeated,
            )
            error.is_own_fault = await self._is_own_fault(error, progress)
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

    async def _is_own_fault(self, error: EgressError, progress: ExchangeProgress) -> bool:
        """Whether our own machine is to blame, and no receiver could have made it look so."""
        if error.kind == "timeout" and progress.phase == LOOKUP_PHASE:
            return await self._own_network.is_resolver_down()
        match error.reason:
            case FailureReason.OWN_LIMIT:
                return True
            case FailureReason.NETWORK_UNREACHABLE:
                return not has_route()
            case FailureReason.NAME_SERVER_FAILED:
                return await self._own_network.is_resolver_down()
            case _:
                return False
