"""One check of DNS, judged as a whole: a root cause is told once, and what is independent of it beside it."""

from msgspec import Struct

from dcvd.core.diagnosis import servers
from dcvd.core.diagnosis.caa import caa_findings
from dcvd.core.diagnosis.challenge import diagnose_challenge
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import RoutingDiagnosis, failed_routing, shorten_evidence, sort_findings
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.diagnosis.routing import diagnose_routing
from dcvd.core.domains.dns_facts import DnsFacts
from dcvd.core.domains.domain import DnsState, Finding
from dcvd.core.domains.hostnames import registrable_domain


class DnsDiagnosis(Struct, frozen=True):
    """The judgement of one check.

    state: of the routing record alone; None when the check says nothing of it.
    findings: what to mend first stands first; each code at most once.
    challenge_verified: whether `_acme-challenge` leads to Cloudflare; None when that was not asked, or not answered.
    """

    state: DnsState | None
    findings: tuple[Finding, ...] = ()
    challenge_verified: bool | None = None


def diagnose_dns(facts: DnsFacts, requirements: DnsRequirements, now: int) -> DnsDiagnosis:
    """What a check at `now` means. Our own resolvers failing is no statement about the domain."""
    if facts.outcome == "unanswered":
        # Nobody knows the record; servers that refuse their own zone may be why.
        return DnsDiagnosis(None, tuple(filter(None, [servers.find_lame_servers(facts)])))
    if facts.is_registered is False and not facts.exists:
        return DnsDiagnosis(DnsState.FAILED, (_unregistered_finding(facts),))
    bogus = servers.find_bogus_dnssec(facts)
    routing = _diagnose_routing(facts)
    state = routing.state if bogus is None else DnsState.FAILED
    challenge = diagnose_challenge(facts, requirements)
    authority = caa_findings(facts, requirements)
    if bogus is not None:
        # CAA goes unanswered for the same reason.
        authority = tuple(finding for finding in authority if finding.code != FindingCode.CAA_UNANSWERED)
    findings = [
        bogus,
        *routing.findings,
        *authority,
        *challenge.findings,
        servers.find_lame_servers(facts),
        servers.find_differing_servers(facts) if state is DnsState.FAILED and bogus is None else None,
        servers.find_propagation(facts, now) if state is DnsState.VERIFIED else None,
    ]
    return DnsDiagnosis(state, sort_findings(filter(None, findings)), challenge.is_verified)


def _diagnose_routing(facts: DnsFacts) -> RoutingDiagnosis:
    """What the zone's servers say together; where none of them does, one resolver with the right record is enough."""
    divided = servers.find_divided_servers(facts)
    if divided is not None:
        return failed_routing(divided)
    found = diagnose_routing(facts)
    if found.state is DnsState.FAILED and not servers.answering_servers(facts):
        heard = [resolver for resolver in facts.resolvers if resolver.outcome == "answered"]
        if any(servers.has_right_record(facts, resolver) for resolver in heard):
            return RoutingDiagnosis(DnsState.VERIFIED)
    return found


def _unregistered_finding(facts: DnsFacts) -> Finding:
    zone = registrable_domain(facts.hostname)
    return Finding(
        code=FindingCode.DOMAIN_UNREGISTERED,
        severity="error",
        actor="customer",
        message=f"{zone} seems expired or unregistered, so {facts.hostname} cannot exist; renew it.",
        evidence=shorten_evidence([f"{zone} does not exist (NXDOMAIN from its parent)"]),
    )
