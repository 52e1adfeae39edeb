"""Whether the hostname leads to our target, and by which mistake it does not."""

from typing import Final

from msgspec.structs import replace

from dcvd.core.diagnosis.absence import judge_absence
from dcvd.core.diagnosis.addresses import elsewhere, judge_addresses, proxied
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import Routing, failed, listed, mistake, shortened
from dcvd.core.diagnosis.mistakes import doubled_name, doubled_target, masking_wildcard
from dcvd.core.domains.dns_facts import DnsFacts
from dcvd.core.domains.domain import DnsState, Finding, Record

LONGEST_CHAIN: Final = 8
"""CNAMEs that every resolver follows; some of the CAs' own give up soon after."""

_PARTIAL_ZONE: Final = ".cdn.cloudflare.net"
"""Where a hostname leads whose zone is at another provider but proxied by Cloudflare ("partial setup")."""


def judge_routing(facts: DnsFacts) -> Routing:
    """The judgement of the chain that was found, whichever of the servers told it."""
    if facts.target in facts.chain:
        return Routing(DnsState.VERIFIED, _beside_the_record(facts))
    if facts.looped:
        return failed(_loop(facts))
    if facts.chain:
        return _chain_elsewhere(facts)
    if facts.addresses:
        return judge_addresses(facts)
    return judge_absence(facts)


def _chain_elsewhere(facts: DnsFacts) -> Routing:
    if facts.chain[0] == facts.hostname + _PARTIAL_ZONE:
        return Routing(DnsState.UNVERIFIABLE, (proxied(facts),))
    if facts.incomplete:
        return _chain_without_end(facts)
    if len(facts.chain) > LONGEST_CHAIN:
        return failed(_too_long(facts))
    typed = doubled_name(facts)
    by_wildcard = masking_wildcard(facts)
    if by_wildcard is not None:
        return failed(typed or by_wildcard)
    wrong = doubled_target(facts) or _wrong_target(facts)
    return failed(wrong, typed) if typed is not None else failed(wrong)


def _chain_without_end(facts: DnsFacts) -> Routing:
    """Somebody on the way does not answer: it may lead to us, but as long as that is so it leads nobody."""
    if not any(resolver.outcome == "answered" for resolver in facts.resolvers):
        return Routing(None)
    message = (
        f"{facts.hostname} points to {listed(facts.chain[:1])}, and name servers on the way from there do not answer. "
        f"Change it to {facts.target}."
    )
    return Routing(
        None, (replace(mistake(facts, FindingCode.CNAME_WRONG_TARGET, message, facts.chain), severity="warning"),)
    )


def _beside_the_record(facts: DnsFacts) -> tuple[Finding, ...]:
    """The record leads here; what may still be in its way."""
    found: list[Finding] = []
    if facts.chain.index(facts.target) >= LONGEST_CHAIN:
        found.append(_too_long(facts))
    kinds = sorted({record.type for record in facts.records if not _harmless(facts, record.type, record.value)})
    if kinds:
        types, values = listed(kinds), [f"{each.type} {each.value}" for each in facts.records if each.type in kinds]
        code = FindingCode.AAAA_ELSEWHERE if kinds == ["AAAA"] else FindingCode.CONFLICTING_RECORDS
        message = (
            f"{facts.hostname} has {types} records beside its CNAME, and no name may have both: some will follow the "
            f"one and some the other. Delete the existing {types} records for {facts.hostname}."
        )
        found.append(
            Finding(code=code, severity="warning", actor="customer", message=message, evidence=shortened(values))
        )
    return tuple(found)


def _harmless(facts: DnsFacts, kind: str, value: str) -> bool:
    """Some providers answer for addresses with those that they have found at the CNAME's end themselves."""
    return kind in ("A", "AAAA") and not elsewhere(facts, value)


def _wrong_target(facts: DnsFacts) -> Finding:
    message = f"{facts.hostname} points to {listed(facts.chain[:1])}; change it to {facts.target}."
    return mistake(facts, FindingCode.CNAME_WRONG_TARGET, message, facts.chain)


def _loop(facts: DnsFacts) -> Finding:
    message = f"The CNAMEs of {facts.hostname} circle back. Point it directly to {facts.target}."
    return mistake(facts, FindingCode.CNAME_LOOP, message, (facts.hostname, *facts.chain))


def _too_long(facts: DnsFacts) -> Finding:
    reaches = facts.target in facts.chain
    hops = facts.chain.index(facts.target) + 1 if reaches else len(facts.chain)
    message = (
        f"{facts.hostname} goes through {hops} CNAMEs, more than everybody follows. Point it directly to "
        f"{facts.target}."
    )
    return Finding(
        code=FindingCode.CHAIN_LONG,
        severity="warning" if reaches else "error",
        actor="customer",
        message=message,
        fix=Record("CNAME", facts.hostname, facts.target),
        evidence=shortened(facts.chain),
    )
