"""The diagnosis of one DNS check as a whole: a root cause is reported once, beside what does not depend on it."""

from collections.abc import Sequence

from msgspec import Struct

from dcvd.core.diagnosis import servers
from dcvd.core.diagnosis.addresses import several_cnames_finding
from dcvd.core.diagnosis.caa import caa_findings
from dcvd.core.diagnosis.challenge import ChallengeDiagnosis, diagnose_challenge
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import RoutingDiagnosis, failed_routing, new_finding, sort_findings
from dcvd.core.diagnosis.mistakes import find_endangered_wildcard, find_missing_wildcard
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.diagnosis.routing import diagnose_routing
from dcvd.core.dns.facts import DnsFacts
from dcvd.core.dns.hostnames import registrable_domain
from dcvd.core.dns.providers import is_suspended
from dcvd.core.dns.top_level_domains import RESERVED_TLDS, is_delegated
from dcvd.core.domains.domain import DnsState, Finding
from dcvd.core.instants import to_rfc3339
from dcvd.core.sentences.sentence import say


class DnsDiagnosis(Struct, frozen=True):
    """The diagnosis of one DNS check.

    state: that of the routing record; None when the check says nothing about it.
    findings: in the order in which they should be fixed; each code at most once.
    challenge_verified: whether `_acme-challenge` leads to Cloudflare; None when it was not queried or not answered.
    """

    state: DnsState | None
    findings: tuple[Finding, ...] = ()
    challenge_verified: bool | None = None


def diagnose_dns(
    facts: DnsFacts,
    requirements: DnsRequirements,
    now: int,
    *,
    earlier_findings: Sequence[Finding] = (),
    delegated_at: int | None = None,
) -> DnsDiagnosis:
    """Diagnose the facts of a check at `now`. A failure of our own resolvers says nothing about the domain.

    earlier_findings: those of the check before, whose promises are not repeated once they did not come true.
    delegated_at: when an earlier check found the name's domain registered; None where none did.
    """
    if facts.outcome == "unanswered":
        # Nobody gave us the record, perhaps because the servers refuse to serve their own zone.
        return DnsDiagnosis(
            None,
            sort_findings(
                filter(
                    None,
                    [
                        servers.find_failed_resolvers(facts),
                        servers.find_unresolved_servers(facts),
                        servers.find_lame_servers(facts),
                    ],
                ),
            ),
        )
    if facts.is_registered is False and not facts.exists:
        return DnsDiagnosis(DnsState.FAILED, (_unregistered_finding(facts, delegated_at),))
    if is_suspended(facts.nameservers):
        return DnsDiagnosis(DnsState.FAILED, (_suspended_finding(facts),))
    bogus = servers.find_bogus_dnssec(facts)
    routing = _diagnose_routing(facts)
    state = routing.state if bogus is None else DnsState.FAILED
    challenge = diagnose_challenge(facts, requirements)
    if not requirements.needs_delegation(state):
        challenge = ChallengeDiagnosis(challenge.is_verified)
    caa = caa_findings(facts, requirements)
    if bogus is not None:
        # Bogus DNSSEC also makes CAA queries fail.
        caa = tuple(finding for finding in caa if finding.code != FindingCode.CAA_UNANSWERED)
    needs_exact_record = state is DnsState.VERIFIED and challenge.is_verified is False and bool(challenge.findings)
    findings = [
        bogus,
        find_endangered_wildcard(facts, wants_names_below=requirements.wildcard) if needs_exact_record else None,
        *routing.findings,
        find_missing_wildcard(facts) if requirements.wildcard else None,
        *caa,
        *challenge.findings,
        servers.find_dead_own_servers(facts),
        servers.find_unresolved_servers(facts),
        servers.find_lame_servers(facts),
        servers.find_differing_servers(facts) if state is DnsState.FAILED and bogus is None else None,
        servers.find_propagation(facts, now, is_overdue=_is_overdue(earlier_findings, now))
        if state is DnsState.VERIFIED
        else None,
    ]
    return DnsDiagnosis(state, sort_findings(filter(None, findings)), challenge.is_verified)


def _is_overdue(earlier_findings: Sequence[Finding], now: int) -> bool:
    """Whether an earlier check said that caches would be clear by now."""
    earlier = next((each for each in earlier_findings if each.code == FindingCode.PROPAGATING), None)
    return earlier is not None and (earlier.next_check_at is None or earlier.next_check_at <= now)


def _diagnose_routing(facts: DnsFacts) -> RoutingDiagnosis:
    """Diagnose the routing from the zone's servers; if none answers, one resolver with the right record suffices."""
    if len(facts.cname_targets) > 1:
        return failed_routing(several_cnames_finding(facts))
    divided = servers.find_divided_servers(facts)
    if divided is not None:
        return failed_routing(divided)
    routing = diagnose_routing(facts)
    if routing.state is DnsState.FAILED and not servers.answering_servers(facts):
        answering = [resolver for resolver in facts.resolvers if resolver.outcome == "answered"]
        if any(servers.has_right_record(facts, resolver) for resolver in answering):
            return RoutingDiagnosis(DnsState.VERIFIED)
    return routing


def _suspended_finding(facts: DnsFacts) -> Finding:
    zone = registrable_domain(facts.hostname)
    message = say("domain_suspended", zone=zone)
    evidence = [f"NS {name}" for name in facts.nameservers]
    return new_finding(FindingCode.DOMAIN_SUSPENDED, "error", "customer", message, evidence)


def _unregistered_finding(facts: DnsFacts, delegated_at: int | None) -> Finding:
    zone = registrable_domain(facts.hostname)
    evidence = [f"{zone} does not exist (NXDOMAIN from its parent)"]
    if delegated_at is not None:
        message = say("domain_gone", zone=zone, day=to_rfc3339(delegated_at)[:10])
        return new_finding(FindingCode.DOMAIN_SUSPENDED, "error", "customer", message, evidence)
    tld = zone.rpartition(".")[2]
    if not is_delegated(tld) and tld not in RESERVED_TLDS:
        message = say("tld_unknown", tld=tld, hostname=facts.hostname)
        evidence = [f"{zone} does not exist (NXDOMAIN), and the list of top-level domains has no .{tld}"]
        return new_finding(FindingCode.TLD_UNKNOWN, "error", "customer", message, evidence)
    message = say("domain_unregistered", zone=zone, hostname=facts.hostname)
    return new_finding(FindingCode.DOMAIN_UNREGISTERED, "error", "customer", message, evidence)
