"""Diagnosis of `_acme-challenge`: whether it leads to Cloudflare, which answers the CA at each renewal."""

from typing import NamedTuple

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import join_names, new_finding
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.domains.dns_facts import DnsFacts
from dcvd.core.domains.domain import CHALLENGE_LABEL, Finding, Record


class ChallengeDiagnosis(NamedTuple):
    """The diagnosis of `_acme-challenge`; `is_verified` is None where it was not queried or not answered."""

    is_verified: bool | None
    findings: tuple[Finding, ...] = ()


def diagnose_challenge(facts: DnsFacts, requirements: DnsRequirements) -> ChallengeDiagnosis:
    """Diagnose `_acme-challenge`; without a target from Cloudflare there are no findings, as nobody could type it."""
    challenge, target = facts.challenge, requirements.challenge_target
    if not requirements.is_delegated or target is None or challenge is None or challenge.outcome != "answered":
        return ChallengeDiagnosis(None)
    if target.lower().removesuffix(".") in challenge.chain:
        return ChallengeDiagnosis(True)
    record = Record("CNAME", f"{CHALLENGE_LABEL}.{facts.hostname}", target)
    if challenge.texts and not challenge.chain:
        return ChallengeDiagnosis(False, (_conflicting_txt_finding(record, challenge.texts),))
    return ChallengeDiagnosis(False, (_missing_delegation_finding(facts, requirements, record, challenge.chain),))


def _conflicting_txt_finding(record: Record, texts: tuple[str, ...]) -> Finding:
    message = f"Delete the old TXT record at {record.name}: it stands where the CNAME to {record.value} has to be."
    evidence = [f"TXT {text}" for text in texts]
    return new_finding(FindingCode.CHALLENGE_TXT_CONFLICT, "error", "customer", message, evidence, fix=record)


def _missing_delegation_finding(
    facts: DnsFacts, requirements: DnsRequirements, record: Record, chain: tuple[str, ...]
) -> Finding:
    certificates = "Wildcard certificates" if requirements.wildcard else "Certificates by delegated validation"
    if chain:
        message = f"{certificates} need {record.name} to lead to {record.value}; it points to {join_names(chain[:1])}."
    else:
        message = f"{certificates} for {facts.hostname} also need this record: {record.name} → {record.value}."
    evidence = chain or (f"no CNAME at {record.name}",)
    return new_finding(FindingCode.WILDCARD_NEEDS_DELEGATION, "error", "customer", message, evidence, fix=record)
