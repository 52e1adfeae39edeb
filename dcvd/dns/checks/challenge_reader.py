"""Read what stands at `_acme-challenge`, and, where its CNAME does not show, why that may be."""

from dns.name import Name
from dns.rdatatype import RdataType
from msgspec.structs import replace

from dcvd.core.dns.facts import ChallengeAnswer
from dcvd.dns.checks.record_reader import read_addresses, read_other_name, read_texts
from dcvd.dns.messages.names import to_text
from dcvd.dns.queries.lookup import RecordLookup


async def read_challenge(
    lookup: RecordLookup, name: Name, *, target: Name | None, doubled_name: Name | None, sibling_name: Name | None
) -> ChallengeAnswer:
    """Return what is answered at `_acme-challenge`. A CNAME that shows costs one question.

    target: where it has to lead, if that is known. doubled_name: the name with its zone appended. sibling_name: one
        beside it that nobody has, whose addresses are those of a wildcard.
    """
    seen = await read_texts(lookup, name)
    if seen.outcome != "answered" or seen.chain:
        return seen
    if not seen.texts:
        addresses, _ = await read_addresses(lookup, name)
        if addresses and sibling_name is not None and (await read_addresses(lookup, sibling_name))[0] == addresses:
            addresses = []
        doubled = None if addresses or doubled_name is None else await read_other_name(lookup, doubled_name)
        is_bare = not addresses and await _is_bare(lookup, name, sibling_name)
        return replace(seen, addresses=tuple(addresses), doubled_answer=doubled, is_bare=is_bare)
    # Cloudflare answers TXT queries with tokens of the zone's own certificate, whatever CNAME stands there.
    reply = await lookup.ask(name, RdataType.CNAME)
    if reply.rdatas:
        first = reply.rdatas[0].target
        chain = () if first == target else (await read_texts(lookup, first)).chain
        return replace(seen, hidden_chain=(to_text(first), *chain))
    if target is None:
        return seen
    return replace(seen, target_texts=(await read_texts(lookup, target)).texts)


async def _is_bare(lookup: RecordLookup, name: Name, sibling_name: Name | None) -> bool:
    """Whether a name without data exists, and a random one beside it, which a wildcard would answer, does not."""
    if not (await lookup.ask(name, RdataType.CNAME)).exists:
        return False
    return sibling_name is None or not (await lookup.ask(sibling_name, RdataType.CNAME)).exists
