"""The CNAME chain of a hostname, followed from zone to zone until it reaches our target."""

from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.dns.messages.names import is_same
from dcvd.dns.messages.reply import DnsReply
from dcvd.dns.queries.lookup import MAX_CNAME_HOPS, RecordLookup


class CnameChain:
    """The CNAMEs found in one check; they can be read at any time.

    is_complete: whether the chain is known to end at the last of `names`.
    """

    def __init__(self, start: Name, target: Name) -> None:
        self._start: Final = start
        self._target: Final = target
        self.names: list[Name] = []
        self.has_loop = False
        self.is_complete = False

    @property
    def reaches_target(self) -> bool:
        """Whether the chain reaches our target."""
        return any(is_same(name, self._target) for name in self.names)

    @property
    def end(self) -> Name:
        """The last name of the chain so far."""
        return self.names[-1] if self.names else self._start

    async def follow(self, first_reply: DnsReply, lookup: RecordLookup) -> None:
        """Follow the chain from the hostname's own CNAME on. A name that nobody answers for leaves it incomplete."""
        self.add_reply(first_reply)
        while not self.is_complete:
            reply = await lookup.ask(self.end, RdataType.CNAME)
            if not reply.is_answered:
                return
            self.add_reply(reply)

    def add_reply(self, reply: DnsReply) -> None:
        """Take one step: append the CNAME in a reply, or end the chain where the reply has none."""
        if not reply.rdatas:
            self.is_complete = True
            return
        name = reply.rdatas[0].target
        self.has_loop = any(is_same(name, passed) for passed in (self._start, *self.names))
        self.names.append(name)
        self.is_complete = self.has_loop or is_same(name, self._target) or len(self.names) >= MAX_CNAME_HOPS
