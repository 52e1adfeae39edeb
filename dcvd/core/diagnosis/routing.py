"""Diagnosis of the routing: whether the hostname leads to our target, and which mistake keeps it from that."""

from typing import Final

from dcvd.core.diagnosis.absence import diagnose_absence
from dcvd.core.diagnosis.addresses import diagnose_addresses, is_elsewhere, proxied_finding
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import (
    RoutingDiagnosis,
    customer_error,
    failed_routing,
    new_finding,
    required_cname,
)
from dcvd.core.diagnosis.mistakes import describe_slip, find_doubled_name, find_doubled_target, find_masking_wildcard
from dcvd.core.dns.facts import DnsFacts
from dcvd.core.dns.providers import is_in_cloudflare_zone
from dcvd.core.domains.domain import DnsState, Finding, Severity
from dcvd.core.sentences.sentence import Sentence, say

MAX_CHAIN_NAMES: Final = 8
"""The most CNAMEs that every resolver follows; those of some CAs give up soon after."""

_PARTIAL_ZONE: Final = ".cdn.cloudflare.net"
"""The suffix of targets in a zone that Cloudflare proxies but another provider serves ("partial setup")."""


def diagnose_routing(facts: DnsFacts) -> RoutingDiagnosis:
    """Diagnose the CNAME chain and addresses, whichever server they came from."""
    if facts.target in facts.chain:
        return RoutingDiagnosis(DnsState.VERIFIED, _findings_beside_cname(facts))
    if facts.has_loop:
        return failed_routing(_loop_finding(facts))
    if facts.chain:
        return _diagnose_wrong_chain(facts)
    if facts.addresses:
        return diagnose_addresses(facts)
    return diagnose_absence(facts)


def _diagnose_wrong_chain(facts: DnsFacts) -> RoutingDiagnosis:
    if facts.chain[0] == facts.hostname + _PARTIAL_ZONE:
        return RoutingDiagnosis(DnsState.UNVERIFIABLE, (proxied_finding(facts),))
    if facts.is_incomplete:
        return _diagnose_broken_chain(facts)
    if len(facts.chain) > MAX_CHAIN_NAMES:
        return failed_routing(_long_chain_finding(facts))
    doubled = find_doubled_name(facts)
    wildcard = find_masking_wildcard(facts)
    if wildcard is not None:
        return failed_routing(doubled or wildcard)
    finding = find_doubled_target(facts) or _wrong_target_finding(facts)
    return failed_routing(finding, doubled)


def _diagnose_broken_chain(facts: DnsFacts) -> RoutingDiagnosis:
    """Diagnose a chain in which a server does not answer: it may lead to us, but nobody can follow it now."""
    if not any(resolver.outcome == "answered" for resolver in facts.resolvers):
        return RoutingDiagnosis(None)
    message = say("cname_broken", hostname=facts.hostname, alias=facts.chain[:1], target=facts.target)
    fix = required_cname(facts)
    finding = new_finding(FindingCode.CNAME_WRONG_TARGET, "warning", "customer", message, facts.chain, fix=fix)
    return RoutingDiagnosis(None, (finding,))


def _findings_beside_cname(facts: DnsFacts) -> tuple[Finding, ...]:
    """Return what may still be wrong although the hostname leads to the target."""
    findings: list[Finding] = []
    if facts.chain.index(facts.target) >= MAX_CHAIN_NAMES:
        findings.append(_long_chain_finding(facts))
    kinds = sorted(
        {record.type for record in facts.other_records if not _is_harmless(facts, record.type, record.value)}
    )
    if kinds:
        values = [f"{each.type} {each.value}" for each in facts.other_records if each.type in kinds]
        code = FindingCode.AAAA_ELSEWHERE if kinds == ["AAAA"] else FindingCode.CONFLICTING_RECORDS
        message = say("records_beside_cname", hostname=facts.hostname, types=tuple(kinds))
        findings.append(new_finding(code, "warning", "customer", message, values))
    return tuple(findings)


def _is_harmless(facts: DnsFacts, kind: str, value: str) -> bool:
    """Whether a record is harmless beside the CNAME: some providers answer with the addresses of the CNAME's target.

    Cloudflare serves mail records beside a CNAME that it flattens or proxies for others than us.
    """
    if kind == "MX":
        return is_in_cloudflare_zone(facts)
    return kind in ("A", "AAAA") and not is_elsewhere(facts, value)


def _wrong_target_finding(facts: DnsFacts) -> Finding:
    slip = describe_slip(facts.chain[0], facts.target)
    wrong = say("cname_wrong", hostname=facts.hostname, alias=facts.chain[:1], target=facts.target)
    message = (wrong,) if slip is None else (say("cname_almost_right", hostname=facts.hostname), slip)
    return customer_error(facts, FindingCode.CNAME_WRONG_TARGET, message, facts.chain)


def _loop_finding(facts: DnsFacts) -> Finding:
    message = (_describe_loop(facts), say("point_directly", hostname=facts.hostname, target=facts.target))
    return customer_error(facts, FindingCode.CNAME_LOOP, message, (facts.hostname, *facts.chain))


def _describe_loop(facts: DnsFacts) -> Sentence:
    names = [facts.hostname, *facts.chain]
    at, last = names.index(names[-1]), len(names) - 1
    if at == last:
        return say("loop_circle", hostname=facts.hostname)
    if last - at == 1:
        return say("loop_itself", name=tuple(names[-1:]))
    return say("loop_back", name=tuple(names[at : at + 1]), next=tuple(names[at + 1 : at + 2]))


def _long_chain_finding(facts: DnsFacts) -> Finding:
    reaches = facts.target in facts.chain
    hops = facts.chain.index(facts.target) + 1 if reaches else len(facts.chain)
    message = say("chain_long", hostname=facts.hostname, count=hops, target=facts.target)
    severity: Severity = "warning" if reaches else "error"
    return new_finding(FindingCode.CHAIN_LONG, severity, "customer", message, facts.chain, fix=required_cname(facts))
