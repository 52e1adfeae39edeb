"""Limit the queries of one check, and remember when each server was first asked."""

import time
from typing import Final

from dcvd.config import SocketAddress
from dcvd.dns.queries.query_log import QueryLog

MAX_QUERIES: Final = 150
"""Queries of one check in all, however long it takes, so there is no window."""


class QueryBudgetExhausted(Exception):  # ends one check early, with what it has learned; it never leaves this package
    """A check has sent as many queries as it may."""


class QueryBudget:
    """The queries that one check may still send.

    zone: the zone that timeouts are counted for, see `DnsServerHealth`.
    bypass_cache: use no remembered replies about the zone, and ask even servers that seem to be down.
    log: keeps what is asked, where it has to be explained.
    """

    def __init__(
        self, zone: str, *, bypass_cache: bool, max_queries: int = MAX_QUERIES, log: QueryLog | None = None
    ) -> None:
        self.zone = zone
        self.log = log
        self.bypass_cache = bypass_cache
        self._first_query_times: dict[SocketAddress, float] = {}
        self._queries_left = max_queries

    def count_query(self, server: SocketAddress) -> None:
        """Count a query that is sent now. Raises QueryBudgetExhausted."""
        if self._queries_left == 0:
            raise QueryBudgetExhausted
        self._queries_left -= 1
        self._first_query_times.setdefault(server, time.monotonic())

    def time_since_query_s(self, server: SocketAddress) -> float:
        """Seconds since the first query to that server; 0 when there was none."""
        return time.monotonic() - self._first_query_times[server] if server in self._first_query_times else 0.0
