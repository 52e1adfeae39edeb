"""Findings from lookups of the CA that failed: who runs the servers that did not answer, and so has to act.

A CA whose CAA query fails may not issue (RFC 8659, CA/Browser Forum's Baseline Requirements 3.2.2.8): that is no
refusal by a CAA record, and no other CA would do better.
"""

from dcvd.core.diagnosis.cloudflare.lookup_failures import LookupFailure, LookupOutcome
from dcvd.core.diagnosis.cloudflare.wrong_challenges import missing_challenge_finding
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.dns.hostnames import is_within, registrable_domain
from dcvd.core.domains.domain import CHALLENGE_LABEL, POINTING_STATES, Domain, Finding, Record
from dcvd.core.domains.targets import DELEGATION_ZONE
from dcvd.core.sentences.sentence import say


def failed_lookup_finding(domain: Domain, lookup: LookupFailure, text: str) -> Finding:
    """Return what a lookup that failed means for a domain, and who has to act; `text` is its evidence."""
    zone = registrable_domain(domain.name)
    if is_within(domain.name, lookup.name) and not is_within(lookup.name, zone):
        message = say("registry_unanswered", name=lookup.name, hostname=domain.name)
        return new_finding(FindingCode.REGISTRY_UNANSWERED, "warning", "nobody", message, [text])
    if is_within(lookup.name, DELEGATION_ZONE):
        message = say("delegation_unanswered", hostname=domain.name)
        return new_finding(FindingCode.CA_FAULT, "warning", "nobody", message, [text])
    if lookup.outcome is LookupOutcome.BOGUS:
        return _bogus_finding(domain, lookup, text)
    if lookup.outcome is LookupOutcome.ABSENT:
        return _absence_finding(domain, lookup, text)
    code = FindingCode.CAA_UNANSWERED if lookup.types == "CAA" else FindingCode.VALIDATION_UNANSWERED
    if _is_ours(domain, lookup.name):
        message = say("target_unanswered", name=lookup.name, hostname=domain.name, types=lookup.types)
        return new_finding(code, "error", "operator", message, [text])
    servers = zone if is_within(lookup.name, zone) else registrable_domain(lookup.name)
    message = say("lookup_unanswered", zone=servers, types=lookup.types, name=lookup.name, hostname=domain.name)
    return new_finding(code, "error", "customer", message, [text])


def _bogus_finding(domain: Domain, lookup: LookupFailure, text: str) -> Finding:
    is_ours = _is_ours(domain, lookup.name)
    zone = registrable_domain(lookup.name)
    message = say("lookup_bogus", name=lookup.name, hostname=domain.name, zone=zone)
    return new_finding(FindingCode.DNSSEC_BOGUS, "error", "operator" if is_ours else "customer", message, [text])


def _absence_finding(domain: Domain, lookup: LookupFailure, text: str) -> Finding:
    if "TXT" in lookup.types and lookup.name.startswith(f"{CHALLENGE_LABEL}."):
        return missing_challenge_finding(domain, text)
    if domain.dns_state in POINTING_STATES:
        message = say("lookup_absent_here", name=lookup.name, hostname=domain.name)
        return new_finding(FindingCode.NAME_UNRESOLVED, "warning", "nobody", message, [text])
    message = say("lookup_absent", name=lookup.name, hostname=domain.name)
    fix = Record("CNAME", domain.name, domain.cname_target)
    return new_finding(FindingCode.NAME_UNRESOLVED, "error", "customer", message, [text], fix=fix)


def _is_ours(domain: Domain, name: str) -> bool:
    """Whether a name is of the operator's zone, to which the domain leads, and not of the domain's own."""
    ours = registrable_domain(domain.cname_target)
    return ours != registrable_domain(domain.name) and is_within(name, ours)
