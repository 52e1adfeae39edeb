"""What the configured resolvers have of the hostname's CNAME: with validation, and without it where that fails."""

import asyncio
from collections.abc import Sequence

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.config import SocketAddress
from dcvd.core.domains.dns_facts import ResolverAnswer
from dcvd.dns.authority.delegation import format_address
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.query import DnsQuery
from dcvd.dns.messages.reply import DnsReply
from dcvd.dns.queries.budget import QueryBudget
from dcvd.dns.queries.client import DnsClient


class ConfiguredResolvers:
    """Of one look; can be read at any time. Nothing of it is taken from our cache: theirs is what is looked at."""

    def __init__(self, name: Name, resolvers: Sequence[SocketAddress], client: DnsClient, budget: QueryBudget) -> None:
        self._query = DnsQuery(name, RdataType.CNAME, recurse=True)
        self._unvalidated_query = DnsQuery(name, RdataType.CNAME, recurse=True, checking_disabled=True)
        self._resolvers = resolvers
        self._client = client
        self._budget = budget
        self._replies: dict[SocketAddress, tuple[DnsReply, DnsReply | None]] = {}

    async def ask_one(self) -> None:
        """Ask in their order until one answers."""
        for resolver in self._resolvers:
            await self._ask(resolver)
            if self._replies[resolver][0].is_answered:
                return

    async def ask_all(self) -> None:
        """Ask all that have not been asked yet."""
        async with asyncio.TaskGroup() as group:
            for resolver in self._resolvers:
                if resolver not in self._replies:
                    group.create_task(self._ask(resolver), name="dns.resolver")

    @property
    def resolver_answer(self) -> DnsReply | None:
        """What the first that answered has; unchecked only where none passed it as valid."""
        in_order = [self._replies[resolver] for resolver in self._resolvers if resolver in self._replies]
        for checked, _ in in_order:
            if checked.is_answered:
                return checked
        return next((unchecked for _, unchecked in in_order if unchecked is not None and unchecked.is_answered), None)

    def has_same_answer(self, accepted_answer: DnsReply) -> bool:
        """Whether one with validation has the same as `accepted_answer`."""
        same = (accepted_answer.exists, accepted_answer.rdatas[:1])
        return any(
            checked.is_answered and (checked.exists, checked.rdatas[:1]) == same
            for checked, _ in self._replies.values()
        )

    def to_facts(self) -> tuple[ResolverAnswer, ...]:
        """What each said, or did not say in time; one that may still answer is left out."""
        return tuple(
            _to_resolver_answer(resolver, *self._replies[resolver])
            for resolver in self._resolvers
            if resolver in self._replies
        )

    async def _ask(self, resolver: SocketAddress) -> None:
        checked = await self._client.ask(self._query, resolver, self._budget)
        unchecked = None
        if checked.outcome == "servfail":
            self._replies[resolver] = (checked, None)
            unchecked = await self._client.ask(self._unvalidated_query, resolver, self._budget)
        self._replies[resolver] = (checked, unchecked)


def _to_resolver_answer(resolver: SocketAddress, validated: DnsReply, unvalidated: DnsReply | None) -> ResolverAnswer:
    said = unvalidated if unvalidated is not None and unvalidated.is_answered else validated
    return ResolverAnswer(
        address=format_address(resolver),
        outcome=validated.outcome,
        outcome_with_cd=None if unvalidated is None else unvalidated.outcome,
        exists=said.exists,
        cname=to_text(said.rdatas[0].target) if said.rdatas else None,
        ttl=said.ttl,
    )
