"""What every server of the hostname's zone says of its CNAME, walking on where they refer further down."""

import asyncio
from collections.abc import Sequence
from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.core.domains.dns_facts import ServerAnswer
from dcvd.dns.authority.delegation import (
    MOST_ADDRESSES,
    Delegation,
    Delegations,
    NamedServer,
    of_stub,
    one_address_each,
    shown,
)
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.query import Question
from dcvd.dns.messages.reply import Reply
from dcvd.dns.queries.budget import Budget
from dcvd.dns.queries.client import Asker
from dcvd.dns.queries.reachability import Routes
from dcvd.dns.queries.sources import Sources

_MOST_CUTS: Final = 5


class Authorities:
    """Of one look. Filled in as answers come, so that it can be read at any time; see `told`.

    delegation: the zone as far as the walk has come; None when nothing walks.
    """

    def __init__(self, name: Name, asker: Asker, delegations: Delegations, routes: Routes, budget: Budget) -> None:
        self._question = Question(name, RdataType.CNAME, recurse=False)
        self._asker = asker
        self._delegations = delegations
        self._routes = routes
        self._budget = budget
        self._servers: Sequence[NamedServer] = ()
        self._replies: list[Reply | None] = []
        self._serials: dict[NamedServer, int] = {}
        self._configured = False
        self.delegation: Delegation | None = None

    async def ask(self, registrable: Name, sources: Sources, *, walk: bool) -> None:
        """Find the servers and ask them all. `walk`: also where no stub zone holds the name."""
        stub = sources.stub(self._question.name)
        if stub is not None:
            self._configured = True
            self.delegation = of_stub(stub)
        elif walk:
            self.delegation = await self._delegations.of_registrable(registrable, sources, self._budget)
        for _ in range(_MOST_CUTS):
            if self.delegation is None:
                return
            await self._ask_all(self.delegation)
            further = self._referred(self.delegation.zone)
            if self.truth is not None or further is None or further.referral is None:
                return
            self._configured = False
            self.delegation = await self._delegations.referred(
                further.referral, self.delegation.zone, sources, self._budget
            )

    async def ask_serials(self, zone: Name) -> None:
        """Ask the servers that have authority for the SOA of the zone, where they have not told it yet."""
        question = Question(zone, RdataType.SOA, recurse=False)

        async def ask(server: NamedServer) -> None:
            reply = await self._asker.ask(question, server.address, self._budget, tries=1)
            if reply.serial is not None and reply.zone == zone:
                self._serials[server] = reply.serial

        async with asyncio.TaskGroup() as group:
            for server in self.usable:
                group.create_task(ask(server), name="dns.serial")

    @property
    def truth(self) -> Reply | None:
        """What the first of the servers that has authority says."""
        return next((reply for reply in self._replies if reply is not None and reply.answered), None)

    @property
    def usable(self) -> list[NamedServer]:
        """The servers that answered with authority."""
        pairs = zip(self._servers, self._replies, strict=True)
        return [server for server, reply in pairs if reply is not None and reply.answered]

    def told(self, patience: float) -> tuple[ServerAnswer, ...]:
        """What each server said up to now. One that has said nothing for `patience` seconds is a timeout; one that was
        not asked, or just now, is left out, as is one behind an IPv6 that may lead nowhere from here."""
        answers = []
        for server, reply in zip(self._servers, self._replies, strict=True):
            if reply is None:
                if self._budget.waited(server.address) < patience:
                    continue
                reply = Reply(outcome="timeout")
            silent = reply.outcome in ("timeout", "unreachable")
            if silent and not self._configured and not self._routes.is_told(server.address):
                continue
            answers.append(_answer(server, reply, self._serials.get(server)))
        return tuple(answers)

    async def _ask_all(self, delegation: Delegation) -> None:
        servers = delegation.servers if self._budget.fresh else one_address_each(delegation.servers)
        self._servers = servers[:MOST_ADDRESSES]
        self._replies = [None] * len(self._servers)
        async with asyncio.TaskGroup() as group:
            for index, server in enumerate(self._servers):
                group.create_task(self._ask_one(index, server), name="dns.authority")

    async def _ask_one(self, index: int, server: NamedServer) -> None:
        self._replies[index] = await self._asker.ask(self._question, server.address, self._budget)

    def _referred(self, zone: Name) -> Reply | None:
        """The first reply that refers to a zone below."""
        for reply in self._replies:
            if reply is not None and reply.referral is not None:
                cut = reply.referral.cut
                if cut != zone and cut.is_subdomain(zone):
                    return reply
        return None


def _answer(server: NamedServer, reply: Reply, serial: int | None) -> ServerAnswer:
    return ServerAnswer(
        name=server.name,
        address=shown(server.address),
        outcome=reply.outcome,
        exists=reply.exists,
        cname=to_text(reply.rdatas[0].target) if reply.rdatas else None,
        ttl=reply.ttl if reply.answered else None,
        serial=reply.serial if serial is None else serial,
    )
