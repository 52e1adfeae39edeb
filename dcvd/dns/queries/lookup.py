"""Looking a name up where it is best asked, and following its CNAMEs from zone to zone."""

from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType
from msgspec import Struct

from dcvd.core.domains.dns_facts import Outcome
from dcvd.dns.messages.query import Question
from dcvd.dns.messages.reply import Data, Reply
from dcvd.dns.queries.budget import Budget
from dcvd.dns.queries.cache import Cache
from dcvd.dns.queries.client import Asker
from dcvd.dns.queries.sources import Source, Sources

MOST_HOPS: Final = 9
"""One more than the longest chain that is taken for sound, so that a longer one can be told from it."""
_MOST_SERVERS: Final = 2


class Followed(Struct, frozen=True, kw_only=True):
    """Where a name's CNAMEs lead, and the records there. `outcome` is that of the last question."""

    outcome: Outcome
    end: Name
    chain: tuple[Name, ...] = ()
    rdatas: tuple[Data, ...] = ()
    exists: bool = False


class Lookup:
    """Shared by all looks, for its cache."""

    def __init__(self, asker: Asker, cache: Cache) -> None:
        self._asker = asker
        self._cache = cache

    async def one(
        self, name: Name, rdtype: RdataType, sources: Sources, budget: Budget, *, fresh: bool | None = None
    ) -> Reply:
        """What the first usable server of the name's source says. fresh: as the budget's, unless given.

        Where a zone's own servers only refer further down, or give no answer, the resolvers are asked; for a stub zone
        only in the first case.
        """
        source = sources.of_name(name)
        fresh = budget.fresh if fresh is None else fresh
        reply = await self._ask(name, rdtype, source, budget, fresh)
        if reply.answered or source.zone is None:
            return reply
        if reply.referral is None and sources.stub(name) is not None:
            return reply
        resolved = await self._ask(name, rdtype, sources.resolvers, budget, fresh)
        return resolved if resolved.answered or reply.outcome == "not_authoritative" else reply

    async def follow(self, name: Name, rdtype: RdataType, sources: Sources, budget: Budget) -> Followed:
        """The records at the end of a name's CNAMEs. A chain that loops or is too long ends where it stands, empty."""
        chain: list[Name] = []
        end = name
        while True:
            source = sources.of_name(end)
            reply = await self.one(end, rdtype, sources, budget)
            passed = [name, *chain]
            whole = True
            for alias in reply.aliases:
                if alias in passed or len(chain) >= MOST_HOPS:
                    return Followed(outcome=reply.outcome, end=end, chain=tuple(chain), exists=True)
                chain.append(alias)
                passed.append(alias)
                end = alias
                if source.zone is not None and sources.of_name(alias) != source:
                    # What a server says of zones that are not its own is not believed, but asked for.
                    whole = False
                    break
            if whole:
                return Followed(
                    outcome=reply.outcome, end=end, chain=tuple(chain), rdatas=reply.rdatas, exists=reply.exists
                )

    async def _ask(self, name: Name, rdtype: RdataType, source: Source, budget: Budget, fresh: bool) -> Reply:
        async def ask() -> Reply:
            question = Question(name, rdtype, recurse=source.zone is None)
            reply = Reply(outcome="timeout")
            servers = source.servers[:_MOST_SERVERS]
            for server in servers:
                reply = await self._asker.ask(question, server, budget, tries=2 if len(servers) == 1 else 1)
                if reply.answered:
                    break
            return reply

        return await self._cache.get((name, rdtype, source), ask, fresh=fresh)
