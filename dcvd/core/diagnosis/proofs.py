"""Diagnosis of a claim: whether DNS proves whose the name is, which record does where the CNAME does not, dormancy."""

from collections.abc import Iterable

from dcvd.core.diagnosis import servers
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.claims import proof_record, proof_text
from dcvd.core.domains.domain import DnsState, Domain, DomainStatus, Finding, Proof, Record
from dcvd.core.instants import to_rfc3339
from dcvd.core.sentences.sentence import Sentence, say


def find_proof(domain: Domain, facts: DnsFacts) -> Proof | None:
    """Return what DNS proves of a claim, if that is proof against every other claim on the name."""
    if servers.find_bogus_dnssec(facts) is not None or servers.find_divided_servers(facts) is not None:
        return None
    if domain.has_own_target and domain.cname_target in facts.chain:
        return Proof.OWN_TARGET
    return Proof.TXT if facts.proof_texts and proof_text(domain.id) in facts.proof_texts else None


def observe_proof(domain: Domain, observations: Iterable[object]) -> Proof | None:
    """Return what proves the claim by a check, where nobody else has one on the name."""
    if domain.has_strong_proof:
        return None
    for observation in observations:
        if isinstance(observation, DnsObservation) and (proof := find_proof(domain, observation.facts)) is not None:
            return proof
    return Proof.SHARED_CNAME if domain.status in (DomainStatus.ISSUING, DomainStatus.ACTIVE) else None


def proof_findings(domain: Domain, state: DnsState | None) -> tuple[Finding, ...]:
    """Return that the name points here, but that this does not say for whom; `state` is what DNS said.

    Of a name that hides where it points nothing is said, or any such name would tell whether others claim it.
    """
    if domain.may_serve or state is not DnsState.VERIFIED:
        return ()
    record = proof_record(domain.id, domain.name)
    if record is None:
        return ()
    message = say("ownership_unproved", hostname=domain.name, name=record.name, value=record.value)
    return (new_finding(FindingCode.OWNERSHIP_UNPROVED, "error", "customer", message, (), fix=record),)


def hidden_proof_advice(domain: Domain) -> Sentence | None:
    """Return a sentence for a name that hides where it points: which record proves the claim, whether contested or not.

    None for a claim that is proved, or whose name is too long for the record.
    """
    record = None if domain.proof is not None else proof_record(domain.id, domain.name)
    return None if record is None else say("ownership_hidden", name=record.name, value=record.value)


def dormancy_findings(domain: Domain) -> tuple[Finding, ...]:
    """Return that a claim is dormant, and what wakes it."""
    if domain.dormant_since is None:
        return ()
    message = say("dormant", hostname=domain.name, since=to_rfc3339(domain.dormant_since))
    fix = Record("CNAME", domain.name, domain.cname_target)
    return (new_finding(FindingCode.DORMANT, "warning", "customer", message, (), fix=fix),)
