"""What stands at a name: its addresses and other records, and what other names near it answer."""

import asyncio
from collections.abc import Iterable
from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.core.domains.dns_facts import ChallengeAnswer, ObservedRecord, OtherNameAnswer
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.reply import Rdata
from dcvd.dns.queries.budget import QueryBudget
from dcvd.dns.queries.lookup import RecordLookup, ResolvedChain
from dcvd.dns.queries.sources import AnswerSources

MAX_ADDRESSES: Final = 10
_MAX_RECORDS: Final = 20
_MAX_TEXTS: Final = 20
_MAX_TEXT_LENGTH: Final = 512
_ADDRESS_TYPES: Final = (RdataType.A, RdataType.AAAA)
_OTHER_TYPES: Final = (RdataType.MX, RdataType.TXT)


class RecordReader:
    """Looks names up for one look."""

    def __init__(self, lookup: RecordLookup, sources: AnswerSources, budget: QueryBudget) -> None:
        self._lookup = lookup
        self._sources = sources
        self._budget = budget

    async def read_addresses(self, name: Name) -> tuple[list[str], bool]:
        """The A and AAAA through the name's CNAMEs, and whether both were answered."""
        found = await self._follow_all(name, _ADDRESS_TYPES)
        addresses = sorted({rdata.address for each in found for rdata in each.rdatas})[:MAX_ADDRESSES]
        return addresses, all(each.outcome == "answered" for each in found)

    async def read_records(self, name: Name) -> list[ObservedRecord]:
        """The A, AAAA, MX and TXT at the name itself."""
        found = await self._follow_all(name, (*_ADDRESS_TYPES, *_OTHER_TYPES))
        return [
            ObservedRecord(rdata.rdtype.name, rdata.to_text()[:_MAX_TEXT_LENGTH])
            for each in found
            if not each.chain
            for rdata in each.rdatas
        ][:_MAX_RECORDS]

    async def read_texts(self, name: Name) -> ChallengeAnswer:
        """The TXT values through the name's CNAMEs, and those."""
        found = await self._lookup.follow_cnames(name, RdataType.TXT, self._sources, self._budget)
        return ChallengeAnswer(
            outcome=found.outcome,
            chain=tuple(to_text(link) for link in found.chain),
            texts=tuple(_decode_texts(found.rdatas))[:_MAX_TEXTS],
        )

    async def read_other_name(self, name: Name) -> OtherNameAnswer | None:
        """What another name answers; None where nobody says."""
        reply = await self._lookup.ask(name, RdataType.CNAME, self._sources, self._budget)
        if not reply.is_answered:
            return None
        if reply.rdatas:
            return OtherNameAnswer(name=to_text(name), exists=True, cname=to_text(reply.rdatas[0].target))
        addresses: list[str] = []
        if reply.exists:
            addresses, _ = await self.read_addresses(name)
        return OtherNameAnswer(name=to_text(name), exists=reply.exists, addresses=tuple(addresses))

    async def _follow_all(self, name: Name, rdtypes: Iterable[RdataType]) -> list[ResolvedChain]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._lookup.follow_cnames(name, kind, self._sources, self._budget), name=f"dns.{kind.name.lower()}"
                )
                for kind in rdtypes
            ]
        return [task.result() for task in tasks]


def _decode_texts(rdatas: Iterable[Rdata]) -> list[str]:
    return [b"".join(rdata.strings).decode("latin-1")[:_MAX_TEXT_LENGTH] for rdata in rdatas]
