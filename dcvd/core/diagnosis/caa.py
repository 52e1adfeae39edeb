"""Diagnosis of CAA (RFC 8659): whether the customer's zone, and ours, permit a CA that we can use."""

from dcvd.core.custom_hostnames.certificate_authorities import CAA_IDENTIFIERS, default_authorities, select_authorities
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.diagnosis.routing import diagnose_routing
from dcvd.core.dns.facts import SILENT_OUTCOMES, CaaPolicy, DnsFacts
from dcvd.core.dns.hostnames import is_within, registrable_domain
from dcvd.core.domains.domain import DnsState, Finding, FindingActor, Record
from dcvd.core.sentences.sentence import Param, Sentence, say


def permitted_authorities(facts: DnsFacts, requirements: DnsRequirements) -> tuple[str, ...]:
    """Return the acceptable CAs that CAA permits, best first. A policy that we did not get permits every CA."""
    return tuple(
        name
        for name in _acceptable_authorities(facts, requirements)
        if all(_is_permitted(policy, name, requirements) for policy in _deciding_policies(facts))
    )


def caa_findings(facts: DnsFacts, requirements: DnsRequirements) -> tuple[Finding, ...]:
    """Return the findings that CAA forbids every acceptable CA, or was not answered, which CAs take for a refusal."""
    blocks = () if permitted_authorities(facts, requirements) else (_blocked_finding(facts, requirements),)
    return (*blocks, *_unanswered_findings(facts))


def _acceptable_authorities(facts: DnsFacts, requirements: DnsRequirements) -> tuple[str, ...]:
    chosen = [name for name in requirements.certificate_authorities if name in CAA_IDENTIFIERS]
    return select_authorities(facts.hostname, chosen) or default_authorities(facts.hostname)


def _deciding_policies(facts: DnsFacts) -> list[CaaPolicy]:
    """Return the policies that CAs will find once the hostname leads to the target.

    CAs follow a CNAME at the hostname, so a policy of the target precedes any of the customer's above the hostname. A
    CNAME that is hidden from us is hidden from CAs too. A policy at the end of a CNAME that leads elsewhere does not
    count, because that CNAME has to go.
    """
    caa = facts.caa if facts.caa is not None and facts.caa.owner_name is not None else None
    target = facts.target_caa if _has_own_target_policy(facts) else None
    state = diagnose_routing(facts).state
    if state is DnsState.FAILED and target is not None:
        return [target]
    if state is DnsState.FAILED and caa is not None and not _is_customer_policy(facts, caa):
        return []
    policies = [] if caa is None else [caa]
    if state is DnsState.VERIFIED and target is not None and (caa is None or caa.owner_name != target.owner_name):
        policies.append(target)
    return policies


def _has_own_target_policy(facts: DnsFacts) -> bool:
    """Whether the target itself, or what it leads to, has a policy.

    CAs do not look above a CNAME's target, and the policy at the end of a wrong chain is not the target's.
    """
    policy = facts.target_caa
    if policy is None or policy.owner_name is None or policy.start_name != facts.target:
        return False
    return policy.owner_name == facts.target or not is_within(facts.target, policy.owner_name)


def _is_customer_policy(facts: DnsFacts, policy: CaaPolicy) -> bool:
    return (
        policy.owner_name is not None
        and policy.owner_name != facts.target
        and is_within(facts.hostname, policy.owner_name)
    )


def _is_permitted(policy: CaaPolicy, authority: str, requirements: DnsRequirements) -> bool:
    """Whether a policy permits a CA; a wildcard certificate also names the hostname and needs both permissions."""
    if policy.critical_tags or not _is_among_values(policy.issue, authority, requirements):
        return False
    return (
        not requirements.wildcard
        or policy.issuewild is None
        or _is_among_values(policy.issuewild, authority, requirements)
    )


def _is_among_values(values: tuple[str, ...] | None, authority: str, requirements: DnsRequirements) -> bool:
    return values is None or any(_is_named_by(value, authority, requirements) for value in values)


def _is_named_by(value: str, authority: str, requirements: DnsRequirements) -> bool:
    """Whether one property value permits a CA.

    Its parameters may limit that (RFC 8657) to accounts, none of which is Cloudflare's, and to validation methods.
    """
    domain, *parameter_texts = (part.strip() for part in value.lower().split(";"))
    if domain != CAA_IDENTIFIERS[authority]:
        return False
    parts = (part.partition("=") for text in parameter_texts for part in text.split())
    parameters = {tag: value for tag, _, value in parts}
    if "accounturi" in parameters:
        return False
    methods = parameters.get("validationmethods")
    usable = (
        {"dns-01"} if requirements.wildcard else {"http-01", "dns-01"} if requirements.is_delegated else {"http-01"}
    )
    return methods is None or bool(usable & set(methods.split(",")))


def _blocked_finding(facts: DnsFacts, requirements: DnsRequirements) -> Finding:
    acceptable, policies = _acceptable_authorities(facts, requirements), _deciding_policies(facts)
    # Blame the policy that forbids every CA, else the first of two with no CA in common; name a CA that others permit.
    policy = next(
        (p for p in policies if not any(_is_permitted(p, name, requirements) for name in acceptable)), policies[0]
    )
    others = [each for each in policies if each is not policy]
    name = next(
        (n for n in acceptable if all(_is_permitted(other, n, requirements) for other in others)), acceptable[0]
    )
    owner = policy.owner_name or facts.hostname
    target_owner = facts.target_caa.owner_name if facts.target_caa is not None else facts.target
    is_ours = owner in (facts.target, target_owner) and not _is_customer_policy(facts, policy)
    words: dict[str, Param] = {
        "hostname": facts.hostname, "owner": owner, "whose": say("our_caa_record" if is_ours else "domains_caa_record")
    }  # fmt: skip
    if policy.critical_tags:
        fix = None
        message = say("caa_critical", tags=tuple(policy.critical_tags), **words)
    else:
        needed = ("issue", "issuewild") if requirements.wildcard else ("issue",)
        missing = [tag for tag in needed if not _is_among_values(_values_of(policy, tag), name, requirements)]
        fix = Record("CAA", owner, f'0 {missing[0]} "{CAA_IDENTIFIERS[name]}"')
        typed = tuple(f'`0 {tag} "{CAA_IDENTIFIERS[name]}"`' for tag in missing)
        message = say("caa_forbids", values=typed, **words)
    evidence = [
        f'{owner} CAA {tag} "{value}"' for tag in ("issue", "issuewild") for value in _values_of(policy, tag) or ()
    ] or [f"{owner} has a CAA record"]
    actor: FindingActor = "operator" if is_ours else "customer"
    return new_finding(FindingCode.CAA_BLOCKS, "error", actor, message, evidence, fix=fix)


def _values_of(policy: CaaPolicy, tag: str) -> tuple[str, ...] | None:
    return policy.issue if tag == "issue" else policy.issuewild


def _unanswered_findings(facts: DnsFacts) -> tuple[Finding, ...]:
    zone = registrable_domain(facts.hostname)
    caa, target = facts.caa, facts.target_caa
    if target is not None and target.failed_name == facts.target and _is_zone_failure(facts, target):
        message = say("caa_target_fails", target=facts.target, hostname=facts.hostname)
        return (_unanswered_finding(target, "operator", message),)
    if (
        caa is None
        or caa.failed_name is None
        or not is_within(caa.failed_name, zone)
        or not _is_zone_failure(facts, caa)
    ):
        return ()
    if caa.failed_name == facts.hostname and facts.chain and facts.target not in facts.chain:
        # The query may have failed at the end of a wrong chain, which has to go anyway.
        return ()
    message = say("caa_zone_fails", zone=zone, hostname=facts.hostname)
    return (_unanswered_finding(caa, "customer", message),)


def _is_zone_failure(facts: DnsFacts, policy: CaaPolicy) -> bool:
    """Whether the zone's servers made the query fail.

    Our resolvers take part in the query, so at least one of them has to work. Silence counts only where no other server
    is silent too, because then our own network may be at fault.
    """
    if policy.outcome == "answered":
        return False
    if facts.resolvers and all(resolver.outcome != "answered" for resolver in facts.resolvers):
        return False
    if policy.outcome not in SILENT_OUTCOMES:
        return True
    outcomes = [server.outcome for server in facts.servers] + [resolver.outcome for resolver in facts.resolvers]
    return not SILENT_OUTCOMES & set(outcomes)


def _unanswered_finding(policy: CaaPolicy, actor: FindingActor, message: Sentence) -> Finding:
    evidence = [f"CAA of {policy.failed_name}: {policy.outcome.replace('_', ' ')}"]
    return new_finding(FindingCode.CAA_UNANSWERED, "error", actor, message, evidence)
