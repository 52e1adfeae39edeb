"""How many connections clients may have, so that descriptors are left for dcvd's own work."""

import resource
from typing import Final

import structlog

from dcvd.config import Config
from dcvd.kit.http.server.connections import ConnectionLimits

log = structlog.get_logger(__name__)

METRICS_CONNECTIONS: Final = ConnectionLimits(tcp=16, tcp_per_client=16)
"""The limits of the server of metrics, which few ask."""
_MOST: Final = 10_000
"""More are taken only if the configuration says so: each costs some kilobytes of memory."""
_UNIX: Final = 64
_FIXED_RESERVE: Final = 64  # files of the database, listening sockets, the log, connections to providers
_UNLIMITED: Final = 1 << 20


def derive_connection_limits(config: Config, *, descriptor_limit: int | None = None) -> ConnectionLimits:
    """Return the limits of the API's server. `descriptor_limit` is the process's own unless it is given.

    Clients get half of the descriptors at most, and less if deliveries, checks, jobs and the database may need more
    than the rest; but never less than a quarter. Operators have their own; without TCP the unix socket is for all.
    """
    available = _read_descriptor_limit() if descriptor_limit is None else descriptor_limit
    server = config.server
    unix = min(_UNIX, available // 8)
    spare = available - unix - _count_own_descriptors(config)
    derived = min(max(available // 4, min(available // 2, spare)), _MOST)
    tcp = server.max_connections or derived
    if tcp > max(spare, derived):
        log.warning("daemon.max_connections_high", max_connections=tcp, suggested=derived, descriptors=available)
    per_client = server.max_connections_per_address or max(tcp // 4, 1)
    return ConnectionLimits(tcp=tcp, tcp_per_client=per_client, unix=unix if server.listen else tcp)


def _count_own_descriptors(config: Config) -> int:
    """Return how many descriptors dcvd's own work may need."""
    concurrent = (
        config.webhooks.concurrency + config.dns.concurrency + config.sync.concurrency + config.jobs.concurrency
    )
    return _FIXED_RESERVE + concurrent + 3 * config.database.readers


def _read_descriptor_limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _UNLIMITED if soft == resource.RLIM_INFINITY else soft
