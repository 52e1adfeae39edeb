"""Look names up at the best source, and follow their CNAMEs from zone to zone."""

from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType
from msgspec import Struct

from dcvd.core.dns.facts import QueryOutcome
from dcvd.dns.messages.message import Rdata
from dcvd.dns.messages.names import to_key
from dcvd.dns.messages.query import DnsQuery
from dcvd.dns.messages.reply import DnsReply
from dcvd.dns.queries.budget import QueryBudget
from dcvd.dns.queries.cache import ReplyCache
from dcvd.dns.queries.client import DnsClient
from dcvd.dns.queries.sources import AnswerSource, AnswerSources

MAX_CNAME_HOPS: Final = 9
"""One more than the longest chain that counts as sound, so that a longer chain is recognized."""
_MAX_SERVERS: Final = 2


class ResolvedChain(Struct, frozen=True, kw_only=True):
    """The end of a name's CNAMEs, and the records there. outcome: that of the last question.

    lacks_soa: whether the zone's own server denied the records without the SOA that a denial has to have (RFC 2308
        section 2.2): strict resolvers take that for no answer.
    """

    outcome: QueryOutcome
    end: Name
    chain: tuple[Name, ...] = ()
    rdatas: tuple[Rdata, ...] = ()
    lacks_soa: bool = False


class RecordLookup(Struct, frozen=True):
    """Looks records up at the sources that one check knows, through a cache that all checks share."""

    client: DnsClient
    cache: ReplyCache
    sources: AnswerSources
    budget: QueryBudget

    async def ask(self, name: Name, rdtype: RdataType, *, bypass_cache: bool | None = None) -> DnsReply:
        """Return the reply of the first usable server of the name's source. bypass_cache: the budget's, unless given.

        Where a zone's own servers only refer further down, or give no answer, the resolvers are asked; for a stub zone
        only in the first case.
        """
        source = self.sources.find_for_name(name)
        bypass_cache = self.budget.bypass_cache if bypass_cache is None else bypass_cache
        kept = self._find_kept(name, rdtype, source, bypass_cache)
        return kept or await self._ask(name, rdtype, source, bypass_cache)

    def find_kept(self, name: Name, rdtype: RdataType) -> DnsReply | None:
        """Return what `ask` would return from memory without bypassing the cache; None where it would ask somebody."""
        return self._find_kept(name, rdtype, self.sources.find_for_name(name), False)

    def _find_kept(self, name: Name, rdtype: RdataType, source: AnswerSource, bypass_cache: bool) -> DnsReply | None:
        kept = None if bypass_cache else self.cache.find((to_key(name), rdtype, source.key))
        return kept if kept is not None and (kept.is_answered or source.zone is None) else None

    async def _ask(self, name: Name, rdtype: RdataType, source: AnswerSource, bypass_cache: bool) -> DnsReply:
        reply = await self._ask_source(name, rdtype, source, bypass_cache)
        if reply.is_answered or source.zone is None:
            return reply
        if reply.referral is None and self.sources.find_stub(name) is not None:
            return reply
        resolver_reply = await self._ask_source(name, rdtype, self.sources.resolvers, bypass_cache)
        return resolver_reply if resolver_reply.is_answered or reply.outcome == "not_authoritative" else reply

    async def follow_cnames(self, name: Name, rdtype: RdataType, first_reply: DnsReply | None = None) -> ResolvedChain:
        """Return the records at the end of a name's CNAMEs. A chain that loops or is too long ends without records.

        first_reply: that of the name's source, where it was asked already.
        """
        chain: list[Name] = []
        end, passed = name, {to_key(name)}
        bypass_cache = self.budget.bypass_cache
        while True:
            source = self.sources.find_for_name(end)
            reply = (
                first_reply
                or self._find_kept(end, rdtype, source, bypass_cache)
                or await self._ask(end, rdtype, source, bypass_cache)
            )
            first_reply = None
            is_complete = True
            for alias in reply.aliases:
                if to_key(alias) in passed or len(chain) >= MAX_CNAME_HOPS:
                    return ResolvedChain(outcome=reply.outcome, end=end, chain=tuple(chain))
                chain.append(alias)
                passed.add(to_key(alias))
                end = alias
                if source.zone is not None and self.sources.find_for_name(alias) is not source:
                    # A server is not believed about zones that are not its own: their servers are asked.
                    is_complete = False
                    break
            if is_complete:
                is_denial = reply.is_answered and not reply.rdatas and not reply.aliases
                return ResolvedChain(
                    outcome=reply.outcome,
                    end=end,
                    chain=tuple(chain),
                    rdatas=reply.rdatas,
                    lacks_soa=is_denial and reply.zone is None and source.zone is not None,
                )

    async def _ask_source(self, name: Name, rdtype: RdataType, source: AnswerSource, bypass_cache: bool) -> DnsReply:
        key = (to_key(name), rdtype, source.key)
        if not bypass_cache and (kept := self.cache.find(key)) is not None:
            return kept

        async def ask() -> DnsReply:
            query = DnsQuery(name, rdtype, recurse=source.zone is None)
            reply = DnsReply(outcome="timeout")
            servers = source.servers[:_MAX_SERVERS]
            for server in servers:
                reply = await self.client.ask(query, server, self.budget, tries=2 if len(servers) == 1 else 1)
                if reply.is_answered:
                    break
            return reply

        return await self.cache.ask(key, ask)
