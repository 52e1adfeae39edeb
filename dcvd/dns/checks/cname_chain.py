"""The CNAME chain of a hostname, followed from zone to zone up to our target."""

from collections.abc import Sequence
from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.dns.messages.reply import Reply
from dcvd.dns.queries.budget import Budget
from dcvd.dns.queries.lookup import MOST_HOPS, Lookup
from dcvd.dns.queries.sources import Sources


class Chain:
    """Of one look; can be read at any time. complete: whether it is known to end where `names` end."""

    def __init__(self, start: Name, target: Name) -> None:
        self._start: Final = start
        self._target: Final = target
        self.names: list[Name] = []
        self.looped = False
        self.complete = False

    @property
    def reaches_target(self) -> bool:
        return self._target in self.names

    @property
    def end(self) -> Name:
        return self.names[-1] if self.names else self._start

    async def follow(self, first: Reply, lookup: Lookup, sources: Sources, budget: Budget) -> None:
        """From the hostname's own CNAME on. What nobody answers leaves it incomplete."""
        self.step(first)
        while not self.complete:
            reply = await lookup.one(self.end, RdataType.CNAME, sources, budget)
            if not reply.answered:
                return
            self.step(reply)

    def step(self, reply: Reply) -> None:
        """One step: the CNAME in an answer, or that there is none."""
        if reply.rdatas:
            self._pass(reply.rdatas[0].target)
        else:
            self.complete = True

    def _pass(self, name: Name) -> None:
        passed: Sequence[Name] = [self._start, *self.names]
        self.names.append(name)
        self.looped = name in passed
        self.complete = self.looped or name == self._target or len(self.names) >= MOST_HOPS
