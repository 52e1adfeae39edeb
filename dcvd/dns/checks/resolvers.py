"""What the configured resolvers have of the hostname's CNAME: with validation, and without it where that fails."""

import asyncio
from collections.abc import Sequence

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.config import SocketAddress
from dcvd.core.domains.dns_facts import ResolverAnswer
from dcvd.dns.authority.delegation import shown
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.query import Question
from dcvd.dns.messages.reply import Reply
from dcvd.dns.queries.budget import Budget
from dcvd.dns.queries.client import Asker


class Resolvers:
    """Of one look; can be read at any time. Nothing of it is taken from our cache: theirs is what is looked at."""

    def __init__(self, name: Name, resolvers: Sequence[SocketAddress], asker: Asker, budget: Budget) -> None:
        self._checked = Question(name, RdataType.CNAME, recurse=True)
        self._unchecked = Question(name, RdataType.CNAME, recurse=True, unchecked=True)
        self._resolvers = resolvers
        self._asker = asker
        self._budget = budget
        self._said: dict[SocketAddress, tuple[Reply, Reply | None]] = {}

    async def ask_one(self) -> None:
        """Ask in their order until one answers."""
        for resolver in self._resolvers:
            await self._ask(resolver)
            if self._said[resolver][0].answered:
                return

    async def ask_all(self) -> None:
        """Ask all that have not been asked yet."""
        async with asyncio.TaskGroup() as group:
            for resolver in self._resolvers:
                if resolver not in self._said:
                    group.create_task(self._ask(resolver), name="dns.resolver")

    @property
    def truth(self) -> Reply | None:
        """What the first that answered has; unchecked only where none passed it as valid."""
        in_order = [self._said[resolver] for resolver in self._resolvers if resolver in self._said]
        for checked, _ in in_order:
            if checked.answered:
                return checked
        return next((unchecked for _, unchecked in in_order if unchecked is not None and unchecked.answered), None)

    def agree(self, truth: Reply) -> bool:
        """Whether one with validation has the same as `truth`."""
        same = (truth.exists, truth.rdatas[:1])
        return any(
            checked.answered and (checked.exists, checked.rdatas[:1]) == same for checked, _ in self._said.values()
        )

    def told(self) -> tuple[ResolverAnswer, ...]:
        """What each said, or did not say in time; one that may still answer is left out."""
        return tuple(_answer(resolver, *self._said[resolver]) for resolver in self._resolvers if resolver in self._said)

    async def _ask(self, resolver: SocketAddress) -> None:
        checked = await self._asker.ask(self._checked, resolver, self._budget)
        unchecked = None
        if checked.outcome == "servfail":
            self._said[resolver] = (checked, None)
            unchecked = await self._asker.ask(self._unchecked, resolver, self._budget)
        self._said[resolver] = (checked, unchecked)


def _answer(resolver: SocketAddress, checked: Reply, unchecked: Reply | None) -> ResolverAnswer:
    said = unchecked if unchecked is not None and unchecked.answered else checked
    return ResolverAnswer(
        address=shown(resolver),
        outcome=checked.outcome,
        unchecked=None if unchecked is None else unchecked.outcome,
        exists=said.exists,
        cname=to_text(said.rdatas[0].target) if said.rdatas else None,
        ttl=said.ttl,
    )
