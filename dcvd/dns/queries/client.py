"""One question to one server: sent again where it got lost, over TCP where the answer was cut, and read."""

import asyncio
from collections.abc import Collection
from typing import Final

import dns.exception
import dns.message
import dns.name
import dns.rcode
import structlog
from dns.rdatatype import RdataType

from dcvd.config import Dns, SocketAddress
from dcvd.dns.messages.query import Question, is_crowded, is_truncated
from dcvd.dns.messages.reply import Reply, read
from dcvd.dns.messages.transport import Unusable, datagram, stream
from dcvd.dns.queries.budget import Budget
from dcvd.dns.queries.reachability import Routes
from dcvd.dns.queries.server_health import Health
from dcvd.dns.queries.slots import Slots

log = structlog.get_logger(__name__)

_WAITS: Final = (0.16, 0.24)
"""How long each try waits, as a share of `dns.timeout`: both together leave time for what is asked afterwards."""
_UNREADABLE: Final = (dns.exception.DNSException, Unusable, ValueError, IndexError)


class Asker:
    """All that goes out."""

    def __init__(self, config: Dns, slots: Slots, health: Health, routes: Routes) -> None:
        self._waits = [share * config.timeout / 1000 for share in _WAITS]
        self._slots = slots
        self._resolvers: Collection[SocketAddress] = frozenset(config.resolvers)
        self._health = health
        self._routes = routes

    async def ask(self, question: Question, server: SocketAddress, budget: Budget, *, tries: int = 2) -> Reply:
        """The reply, failures included: one that is known to be silent is not asked, unless the look is fresh.

        `tries` is 1 (which waits longest) or 2.
        Raises Exhausted.
        """
        if not budget.fresh and self._health.is_down(server, budget.zone):
            return Reply(outcome="timeout")
        waits = self._waits[-tries:]
        if self._health.is_suspect(server):
            waits = self._waits[:1]
        for wait in waits:
            async with self._slots.slot(budget):
                budget.spend(server)
                reply = await self._try(question, server, wait)
            if reply is not None:
                if reply.outcome != "unreachable":
                    self._health.answered(server)
                    self._routes.answered(server)
                return reply
        self._routes.timed_out(server)
        await self._count_silence(server, budget)
        return Reply(outcome="timeout")

    async def _count_silence(self, server: SocketAddress, budget: Budget) -> None:
        # A zone whose own servers are silent makes resolvers look silent. Only one that does not even know the root is.
        resolver = server in self._resolvers
        if self._health.timed_out(server, budget.zone):
            if resolver and await self._knows_the_root(server, budget):
                self._health.answered(server)
            else:
                log.warning("dns.server_down", server=str(server), resolver=resolver)

    async def _knows_the_root(self, server: SocketAddress, budget: Budget) -> bool:
        root = Question(dns.name.root, RdataType.NS, recurse=True)
        async with self._slots.slot(budget):
            budget.spend(server)
            return await self._try(root, server, self._waits[-1]) is not None

    async def _try(self, question: Question, server: SocketAddress, wait: float) -> Reply | None:
        """None when no answer came in time."""
        try:
            reply = await self._exchange(question, server, wait, edns=True)
        except TimeoutError:
            log.debug("dns.timeout", name=question.name, type=question.rdtype.name, server=server)
            return None
        except (OSError, EOFError) as error:
            log.debug("dns.unreachable", name=question.name, server=server, error=error)
            return Reply(outcome="unreachable")
        except _UNREADABLE as error:
            log.debug("dns.malformed", name=question.name, server=server, error=error)
            return Reply(outcome="malformed")
        return reply

    async def _exchange(self, question: Question, server: SocketAddress, wait: float, *, edns: bool) -> Reply:
        wire = question.wire(edns=edns)
        is_answer = question.acceptor(wire)
        async with asyncio.timeout(wait):
            received = await datagram(wire, server, is_answer)
        if received is None or is_truncated(received):
            async with asyncio.timeout(wait):
                received = await stream(wire, server)
            if not is_answer(received):
                raise Unusable("an answer to something else")
        if is_crowded(received):
            raise Unusable("too many records")
        message = dns.message.from_wire(received, ignore_trailing=True)
        if edns and message.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP):
            # Servers older than EDNS say so (RFC 6891 §7).
            return await self._exchange(question, server, wait, edns=False)
        return read(message, question.name, question.rdtype, recurse=question.recurse)
