"""What the configured resolvers answer about a hostname's CNAME, with DNSSEC validation and, if it fails, without."""

import asyncio

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.config import SocketAddress
from dcvd.core.dns.facts import ResolverAnswer
from dcvd.dns.authority.delegation import format_address
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.query import DnsQuery
from dcvd.dns.messages.reply import DnsReply
from dcvd.dns.queries.lookup import RecordLookup


class ConfiguredResolvers:
    """The resolvers' replies in one check; they can be read at any time.

    Our own cache is bypassed, because the check is about what the resolvers have in theirs.
    caa_reply: what one of them answered about the CAA of the hostname, where it was asked.
    """

    def __init__(self, name: Name, lookup: RecordLookup) -> None:
        self._query = DnsQuery(name, RdataType.CNAME, recurse=True)
        self._resolvers = lookup.sources.resolvers.servers
        self._lookup = lookup
        self._replies: dict[SocketAddress, tuple[DnsReply, DnsReply | None]] = {}
        self._nameservers: dict[SocketAddress, DnsReply] = {}
        self.caa_reply: DnsReply | None = None

    async def ask_one(self, *, with_caa: bool) -> None:
        """Ask the resolvers in their order until one answers.

        with_caa: ask for the CAA of the hostname, where the answer to that shows the CNAME too.
        """
        for resolver in self._resolvers:
            await (self._ask_with_caa(resolver) if with_caa else self._ask(resolver))
            if self._replies[resolver][0].is_answered:
                return

    async def ask_all(self) -> None:
        """Ask every resolver that has not been asked yet."""
        async with asyncio.TaskGroup() as group:
            for resolver in self._resolvers:
                if resolver not in self._replies:
                    group.create_task(self._ask(resolver), name="dns.resolver")

    async def ask_nameservers(self, zone: Name, accepted_answer: DnsReply) -> bool:
        """Ask the resolvers that gave another answer for the zone's name servers: they may have kept earlier ones.

        Returns whether there are any.
        """
        differing = [
            resolver
            for resolver, (reply, _) in self._replies.items()
            if reply.is_answered and not _is_same(reply, accepted_answer)
        ]
        if not differing:
            return False
        query = DnsQuery(zone, RdataType.NS, recurse=True)

        async def ask(resolver: SocketAddress) -> None:
            self._nameservers[resolver] = await self._lookup.client.ask(query, resolver, self._lookup.budget, tries=1)

        async with asyncio.TaskGroup() as group:
            for resolver in differing:
                group.create_task(ask(resolver), name="dns.resolver_nameservers")
        return True

    @property
    def have_failed(self) -> bool:
        """Whether none of them answers at all."""
        return self._lookup.client.has_no_resolver

    @property
    def resolver_answer(self) -> DnsReply | None:
        """The reply of the first resolver that answered; an unvalidated one only if no validated one exists."""
        in_order = [self._replies[resolver] for resolver in self._resolvers if resolver in self._replies]
        for validated, _ in in_order:
            if validated.is_answered:
                return validated
        return next(
            (unvalidated for _, unvalidated in in_order if unvalidated is not None and unvalidated.is_answered), None
        )

    def has_same_answer(self, accepted_answer: DnsReply) -> bool:
        """Whether a resolver that validates gave the same answer as `accepted_answer`."""
        return any(
            validated.is_answered and _is_same(validated, accepted_answer) for validated, _ in self._replies.values()
        )

    def to_facts(self) -> tuple[ResolverAnswer, ...]:
        """The answer or failure of each resolver; one that may still answer is left out."""
        return tuple(
            _to_resolver_answer(resolver, *self._replies[resolver], self._nameservers.get(resolver))
            for resolver in self._resolvers
            if resolver in self._replies
        )

    async def _ask_with_caa(self, resolver: SocketAddress) -> None:
        reply = await self._lookup.client.ask_caa(self._query.name, resolver, self._lookup.budget, recurse=True)
        if reply.cname_reply is not None:
            self._replies[resolver] = (reply.cname_reply, None)
        else:
            await self._ask(resolver)
        if reply.is_answered and self._replies[resolver][0].is_answered:
            self.caa_reply = reply

    async def _ask(self, resolver: SocketAddress) -> None:
        validated = await self._lookup.client.ask(self._query, resolver, self._lookup.budget)
        unvalidated = None
        if validated.outcome == "servfail":
            self._replies[resolver] = (validated, None)
            query = DnsQuery(self._query.name, RdataType.CNAME, recurse=True, checking_disabled=True)
            unvalidated = await self._lookup.client.ask(query, resolver, self._lookup.budget)
        last = validated if unvalidated is None else unvalidated
        if not last.is_answered and last.outcome != "timeout":
            await self._lookup.client.check_resolver(resolver, self._lookup.budget)
        self._replies[resolver] = (validated, unvalidated)


def _is_same(reply: DnsReply, accepted_answer: DnsReply) -> bool:
    return (reply.exists, reply.rdatas[:1]) == (accepted_answer.exists, accepted_answer.rdatas[:1])


def _to_resolver_answer(
    resolver: SocketAddress, validated: DnsReply, unvalidated: DnsReply | None, nameservers: DnsReply | None
) -> ResolverAnswer:
    reply = unvalidated if unvalidated is not None and unvalidated.is_answered else validated
    return ResolverAnswer(
        address=format_address(resolver),
        outcome=validated.outcome,
        outcome_with_cd=None if unvalidated is None else unvalidated.outcome,
        exists=reply.exists,
        cname=to_text(reply.rdatas[0].target) if reply.rdatas else None,
        ttl=reply.ttl,
        nameservers=() if nameservers is None else tuple(sorted(to_text(each.target) for each in nameservers.rdatas)),
        nameservers_ttl=None if nameservers is None else nameservers.ttl,
    )
