"""One check of DNS, judged as a whole: a root cause is told once, and what is independent of it beside it."""

from msgspec import Struct

from dcvd.core.diagnosis import servers
from dcvd.core.diagnosis.caa import caa_findings
from dcvd.core.diagnosis.challenge import judge_challenge
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import Routing, failed, most_severe_first, shortened
from dcvd.core.diagnosis.requirements import Wanted
from dcvd.core.diagnosis.routing import judge_routing
from dcvd.core.domains.dns_facts import DnsFacts
from dcvd.core.domains.domain import DnsState, Finding
from dcvd.core.domains.hostnames import registrable


class Verdict(Struct, frozen=True):
    """The judgement of one check.

    state: of the routing record alone; None when the check says nothing of it.
    findings: what to mend first stands first; each code at most once.
    challenge_verified: whether `_acme-challenge` leads to Cloudflare; None when that was not asked, or not answered.
    """

    state: DnsState | None
    findings: tuple[Finding, ...] = ()
    challenge_verified: bool | None = None


def judge(facts: DnsFacts, wanted: Wanted, now: int) -> Verdict:
    """What a check at `now` means. Our own resolvers failing is no statement about the domain."""
    if facts.outcome == "unanswered":
        # Nobody knows the record; servers that refuse their own zone may be why.
        return Verdict(None, tuple(filter(None, [servers.lame(facts)])))
    if facts.registered is False and not facts.exists:
        return Verdict(DnsState.FAILED, (_unregistered(facts),))
    bogus = servers.bogus(facts)
    routing = _routing(facts)
    state = routing.state if bogus is None else DnsState.FAILED
    challenge = judge_challenge(facts, wanted)
    authority = caa_findings(facts, wanted)
    if bogus is not None:
        # CAA goes unanswered for the same reason.
        authority = tuple(finding for finding in authority if finding.code != FindingCode.CAA_UNANSWERED)
    findings = [
        bogus,
        *routing.findings,
        *authority,
        *challenge.findings,
        servers.lame(facts),
        servers.differing(facts) if state is DnsState.FAILED and bogus is None else None,
        servers.propagating(facts, now) if state is DnsState.VERIFIED else None,
    ]
    return Verdict(state, most_severe_first(filter(None, findings)), challenge.verified)


def _routing(facts: DnsFacts) -> Routing:
    """What the zone's servers say together; where none of them does, one resolver with the right record is enough."""
    divided = servers.divided(facts)
    if divided is not None:
        return failed(divided)
    found = judge_routing(facts)
    if found.state is DnsState.FAILED and not servers.answering(facts):
        heard = [resolver for resolver in facts.resolvers if resolver.outcome == "answered"]
        if any(servers.has_record(facts, resolver) for resolver in heard):
            return Routing(DnsState.VERIFIED)
    return found


def _unregistered(facts: DnsFacts) -> Finding:
    zone = registrable(facts.hostname)
    return Finding(
        code=FindingCode.DOMAIN_UNREGISTERED,
        severity="error",
        actor="customer",
        message=f"{zone} seems expired or unregistered, so {facts.hostname} cannot exist; renew it.",
        evidence=shortened([f"{zone} does not exist (NXDOMAIN from its parent)"]),
    )
