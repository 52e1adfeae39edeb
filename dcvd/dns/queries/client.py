"""Ask one server one question: repeat it if it got lost, use TCP if the answer was truncated, and parse the reply."""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Final

import dns.name
import dns.rcode
import structlog
from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.config import DnsConfig, SocketAddress
from dcvd.core.instants import to_seconds
from dcvd.dns.messages.datagrams import DatagramExchanges
from dcvd.dns.messages.message import UNREADABLE_ERRORS, UnusableReply, read_message
from dcvd.dns.messages.query import DnsQuery, has_too_many_records, is_truncated
from dcvd.dns.messages.reply import DnsReply, parse_reply
from dcvd.dns.messages.tcp import exchange_over_tcp
from dcvd.dns.queries.budget import QueryBudget
from dcvd.dns.queries.query_log import QueryLog
from dcvd.dns.queries.reachability import Reachability
from dcvd.dns.queries.server_health import DnsServerHealth
from dcvd.dns.queries.slots import QuerySlots
from dcvd.errors import OwnLimitReached
from dcvd.kit.egress.failures import describe_error, is_own_limit
from dcvd.kit.tracing import TRACING

log = structlog.get_logger(__name__)

_RCODES_WITHOUT_EDNS: Final = frozenset({int(dns.rcode.FORMERR), int(dns.rcode.NOTIMP)})
"""By these, servers older than EDNS say so (RFC 6891 section 7)."""
_TRY_TIMEOUT_SHARES: Final = (0.16, 0.24)
"""How long each try waits, as a share of `dns.timeout`: both together leave time for the questions that follow."""


class DnsClient:
    """Sends every DNS query of the process."""

    def __init__(
        self, config: DnsConfig, slots: QuerySlots, server_health: DnsServerHealth, reachability: Reachability
    ) -> None:
        self._try_timeouts_s = [share * to_seconds(config.timeout) for share in _TRY_TIMEOUT_SHARES]
        self._datagrams = DatagramExchanges()
        self._slots = slots
        self._resolvers: Collection[SocketAddress] = frozenset(config.resolvers)
        self._server_health = server_health
        self._reachability = reachability
        self._failed_resolvers: set[SocketAddress] = set()

    @property
    def has_no_resolver(self) -> bool:
        """Whether every configured resolver failed, and about the root too, for which no zone's owner can be blamed."""
        return self._failed_resolvers.issuperset(self._resolvers)

    async def ask(self, query: DnsQuery, server: SocketAddress, budget: QueryBudget, *, tries: int = 2) -> DnsReply:
        """Ask a server, and return its reply or its failure as one. A server known to be down is not asked, unless
        the check bypasses the cache.

        `tries` is 1 (which waits longest) or 2. Raises QueryBudgetExhausted, and OwnLimitReached where it could not be
        sent, which says nothing about the server.
        """
        if not budget.bypass_cache and self._server_health.is_down(server, budget.zone):
            return DnsReply(outcome="timeout")
        timeouts_s = self._try_timeouts_s[-tries:]
        if self._server_health.is_suspect(server):
            timeouts_s = self._try_timeouts_s[:1]
        for timeout_s in timeouts_s:
            reply = await self._try_in_slot(query, server, timeout_s, budget)
            if reply is not None:
                if reply.outcome != "unreachable":
                    self._server_health.record_answer(server)
                    self._reachability.record_answer(server)
                if reply.is_answered:
                    self._failed_resolvers.discard(server)
                return reply
        self._reachability.record_timeout(server)
        await self._record_timeout(server, budget)
        return DnsReply(outcome="timeout")

    async def ask_caa(self, name: Name, server: SocketAddress, budget: QueryBudget, *, recurse: bool) -> DnsReply:
        """Ask a server for the CAA of a name, to see by one answer also the CNAME that may stand there.

        It is sent once, and not to a server that gave no answer lately. Silence is not held against the server: some
        drop what they do not know, and whoever gets no `cname_reply` asks for the CNAME. Raises what `ask` raises.
        """
        if self._server_health.is_suspect(server):
            return DnsReply(outcome="timeout")
        query = DnsQuery(name, RdataType.CAA, recurse=recurse, shows_cname=True)
        reply = await self._try_in_slot(query, server, self._try_timeouts_s[0], budget)
        if reply is None:
            return DnsReply(outcome="timeout")
        if reply.is_answered:
            self._reachability.record_answer(server)
            self._failed_resolvers.discard(server)
        return reply

    async def check_resolver(self, resolver: SocketAddress, budget: QueryBudget) -> bool:
        """Ask a resolver about the root, and note whether it answers: a zone's owner can make it fail about the zone.

        Raises QueryBudgetExhausted and OwnLimitReached.
        """
        root_query = DnsQuery(dns.name.root, RdataType.NS, recurse=True)
        reply = await self._try_in_slot(root_query, resolver, self._try_timeouts_s[-1], budget)
        is_working = reply is not None and reply.is_answered
        if is_working:
            self._failed_resolvers.discard(resolver)
            self._server_health.record_answer(resolver)
            self._reachability.record_answer(resolver)
        else:
            self._failed_resolvers.add(resolver)
        return is_working

    async def _record_timeout(self, server: SocketAddress, budget: QueryBudget) -> None:
        # A zone with silent servers makes resolvers seem silent. Only one that cannot resolve the root is down itself.
        is_resolver = server in self._resolvers
        is_down = self._server_health.record_timeout(server, budget.zone)
        is_suspect = is_resolver and (is_down or server in self._failed_resolvers)
        is_working = is_suspect and await self.check_resolver(server, budget)
        if is_down and not is_working:
            log.warning("dns.server_down", server=str(server), resolver=is_resolver)

    async def _try_in_slot(
        self, query: DnsQuery, server: SocketAddress, timeout_s: float, budget: QueryBudget
    ) -> DnsReply | None:
        """Wait for a slot, and send the query once. Raises QueryBudgetExhausted and OwnLimitReached."""
        await self._slots.acquire(budget)
        try:
            budget.count_query(server)
            if TRACING.is_on or budget.log is not None:
                return await self._try_noted(query, server, timeout_s, budget.log)
            return await self._try_exchange(query, server, timeout_s)
        finally:
            self._slots.release(budget)

    async def _try_noted(
        self, query: DnsQuery, server: SocketAddress, timeout_s: float, query_log: QueryLog | None
    ) -> DnsReply | None:
        """Send the query once, and note it in the trace and in the log of the check. Raises OwnLimitReached."""
        started_at_s = time.monotonic()
        reply = None
        with TRACING.span("dns query", "client") as span:
            if TRACING.is_on:
                # Not the name, which is a customer's.
                span.set("dns.question.type", query.rdtype.name)
                span.set("server.address", server.host)
            try:
                reply = await self._try_exchange(query, server, timeout_s)
            finally:
                # Also where the check ran out of time: the server that it waited for explains the most.
                if query_log is not None:
                    query_log.add(query, server, reply, time.monotonic() - started_at_s)
            span.set("dns.outcome", "timeout" if reply is None else reply.outcome)
        return reply

    async def _try_exchange(self, query: DnsQuery, server: SocketAddress, timeout_s: float) -> DnsReply | None:
        """Send the query once; return None when no answer came in time. Raises OwnLimitReached."""
        try:
            has_edns = True
            while True:
                wire = query.to_wire(edns=has_edns)
                is_answer = query.build_answer_test(wire)
                received = await self._datagrams.exchange(wire, server, is_answer, timeout_s)
                if received is None or is_truncated(received):
                    received = await _exchange_over_tcp(wire, server, is_answer, timeout_s)
                if has_too_many_records(received):
                    raise UnusableReply("too many records")
                message = read_message(received)
                if not has_edns or message.rcode not in _RCODES_WITHOUT_EDNS:
                    return parse_reply(
                        message, query.name, query.rdtype, recurse=query.recurse, shows_cname=query.shows_cname
                    )
                has_edns = False
        except TimeoutError:
            log.debug("dns.timeout", name=query.name, type=query.rdtype.name, server=server)
            return None
        except (OSError, EOFError) as error:
            if isinstance(error, OSError) and is_own_limit(error):
                raise OwnLimitReached(f"No name server could be asked: {describe_error(error)}.") from error
            log.debug("dns.unreachable", name=query.name, server=server, error=error)
            return DnsReply(outcome="unreachable")
        except UNREADABLE_ERRORS as error:
            log.debug("dns.malformed", name=query.name, server=server, error=error)
            return DnsReply(outcome="malformed")


async def _exchange_over_tcp(
    wire: bytes, server: SocketAddress, is_answer: Callable[[bytes], bool], timeout_s: float
) -> bytes:
    async with asyncio.timeout(timeout_s):
        received = await exchange_over_tcp(wire, server)
    if not is_answer(received):
        raise UnusableReply("an answer to something else")
    return received
