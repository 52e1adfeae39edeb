"""Read the records at a name: its addresses and others, and what is answered for other names near it."""

import asyncio
from collections.abc import Iterable
from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.core.dns.facts import ChallengeAnswer, ObservedRecord, OtherNameAnswer
from dcvd.dns.messages.names import to_text
from dcvd.dns.queries.lookup import RecordLookup, ResolvedChain

MAX_ADDRESSES: Final = 10
_MAX_RECORDS: Final = 20
_MAX_TEXTS: Final = 20
_MAX_TEXT_LENGTH: Final = 512
_ADDRESS_TYPES: Final = (RdataType.A, RdataType.AAAA)
_OTHER_TYPES: Final = (RdataType.MX, RdataType.TXT)


async def read_addresses(lookup: RecordLookup, name: Name) -> tuple[list[str], bool]:
    """Return the A and AAAA at the end of the name's CNAMEs, and whether both questions were answered."""
    results = await _follow_all(lookup, name, _ADDRESS_TYPES)
    addresses = sorted({rdata.address for result in results for rdata in result.rdatas})[:MAX_ADDRESSES]
    return addresses, all(result.outcome == "answered" for result in results)


async def read_records(lookup: RecordLookup, name: Name) -> list[ObservedRecord]:
    """Return the A, AAAA, MX and TXT records at the name itself."""
    results = await _follow_all(lookup, name, (*_ADDRESS_TYPES, *_OTHER_TYPES))
    return [
        ObservedRecord(rdata.rdtype.name, rdata.to_text()[:_MAX_TEXT_LENGTH])
        for result in results
        if not result.chain
        for rdata in result.rdatas
    ][:_MAX_RECORDS]


async def read_texts(lookup: RecordLookup, name: Name) -> ChallengeAnswer:
    """Return the TXT values at the end of the name's CNAMEs, and those CNAMEs."""
    result = await lookup.follow_cnames(name, RdataType.TXT)
    texts = [b"".join(rdata.strings).decode("latin-1")[:_MAX_TEXT_LENGTH] for rdata in result.rdatas[:_MAX_TEXTS]]
    return ChallengeAnswer(
        outcome=result.outcome,
        chain=tuple(to_text(link) for link in result.chain),
        texts=tuple(texts),
    )


async def read_other_name(lookup: RecordLookup, name: Name) -> OtherNameAnswer | None:
    """Return what is answered for another name; None when no server answers."""
    reply = await lookup.ask(name, RdataType.CNAME)
    if not reply.is_answered:
        return None
    if reply.rdatas:
        return OtherNameAnswer(name=to_text(name), exists=True, cname=to_text(reply.rdatas[0].target))
    addresses: list[str] = []
    if reply.exists:
        addresses, _ = await read_addresses(lookup, name)
    return OtherNameAnswer(name=to_text(name), exists=reply.exists, addresses=tuple(addresses))


async def follow_other_name(lookup: RecordLookup, name: Name) -> OtherNameAnswer | None:
    """Return where another name leads, with all its CNAMEs; None when no server answers."""
    (result,) = await _follow_all(lookup, name, (RdataType.A,))
    if result.outcome != "answered":
        return None
    chain = tuple(to_text(link) for link in result.chain)
    addresses = tuple(rdata.address for rdata in result.rdatas)[:MAX_ADDRESSES]
    if not chain and not addresses:
        return await read_other_name(lookup, name)
    return OtherNameAnswer(
        name=to_text(name), exists=True, cname=chain[0] if chain else None, chain=chain, addresses=addresses
    )


async def _follow_all(lookup: RecordLookup, name: Name, rdtypes: Iterable[RdataType]) -> list[ResolvedChain]:
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(lookup.follow_cnames(name, rdtype), name=f"dns.{rdtype.name.lower()}")
            for rdtype in rdtypes
        ]
    return [task.result() for task in tasks]
