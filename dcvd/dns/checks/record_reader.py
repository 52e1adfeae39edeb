"""What stands at a name: its addresses and other records, and what other names near it answer."""

import asyncio
from collections.abc import Iterable
from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.core.domains.dns_facts import Challenge, Elsewhere, FoundRecord
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.reply import Data
from dcvd.dns.queries.budget import Budget
from dcvd.dns.queries.lookup import Followed, Lookup
from dcvd.dns.queries.sources import Sources

MOST_ADDRESSES: Final = 10
_MOST_RECORDS: Final = 20
_MOST_TEXTS: Final = 20
_LONGEST_TEXT: Final = 512
_ADDRESSES: Final = (RdataType.A, RdataType.AAAA)
_OTHERS: Final = (RdataType.MX, RdataType.TXT)


class Standing:
    """Looks names up for one look."""

    def __init__(self, lookup: Lookup, sources: Sources, budget: Budget) -> None:
        self._lookup = lookup
        self._sources = sources
        self._budget = budget

    async def addresses(self, name: Name) -> tuple[list[str], bool]:
        """The A and AAAA through the name's CNAMEs, and whether both were answered."""
        found = await self._all(name, _ADDRESSES)
        addresses = sorted({rdata.address for each in found for rdata in each.rdatas})[:MOST_ADDRESSES]
        return addresses, all(each.outcome == "answered" for each in found)

    async def records(self, name: Name) -> list[FoundRecord]:
        """The A, AAAA, MX and TXT at the name itself."""
        found = await self._all(name, (*_ADDRESSES, *_OTHERS))
        return [
            FoundRecord(rdata.rdtype.name, rdata.to_text()[:_LONGEST_TEXT])
            for each in found
            if not each.chain
            for rdata in each.rdatas
        ][:_MOST_RECORDS]

    async def texts(self, name: Name) -> Challenge:
        """The TXT values through the name's CNAMEs, and those."""
        found = await self._lookup.follow(name, RdataType.TXT, self._sources, self._budget)
        return Challenge(
            outcome=found.outcome,
            chain=tuple(to_text(link) for link in found.chain),
            texts=tuple(_values(found.rdatas))[:_MOST_TEXTS],
        )

    async def elsewhere(self, name: Name) -> Elsewhere | None:
        """What another name answers; None where nobody says."""
        reply = await self._lookup.one(name, RdataType.CNAME, self._sources, self._budget)
        if not reply.answered:
            return None
        if reply.rdatas:
            return Elsewhere(name=to_text(name), exists=True, cname=to_text(reply.rdatas[0].target))
        addresses: list[str] = []
        if reply.exists:
            addresses, _ = await self.addresses(name)
        return Elsewhere(name=to_text(name), exists=reply.exists, addresses=tuple(addresses))

    async def _all(self, name: Name, kinds: Iterable[RdataType]) -> list[Followed]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._lookup.follow(name, kind, self._sources, self._budget), name=f"dns.{kind.name.lower()}"
                )
                for kind in kinds
            ]
        return [task.result() for task in tasks]


def _values(rdatas: Iterable[Data]) -> list[str]:
    return [b"".join(rdata.strings).decode("latin-1")[:_LONGEST_TEXT] for rdata in rdatas]
