"""`_acme-challenge`: whether the CA's question reaches Cloudflare, which answers it at each renewal."""

from typing import NamedTuple

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import listed, shortened
from dcvd.core.diagnosis.requirements import Wanted
from dcvd.core.domains.dns_facts import DnsFacts
from dcvd.core.domains.domain import CHALLENGE_LABEL, Finding, Record


class Delegation(NamedTuple):
    """verified: None where it was not asked for, or not seen."""

    verified: bool | None
    findings: tuple[Finding, ...] = ()


def judge_challenge(facts: DnsFacts, wanted: Wanted) -> Delegation:
    """Nothing is said while Cloudflare has not named the target: nobody could type it."""
    challenge, target = facts.challenge, wanted.challenge_target
    if not wanted.delegated or target is None or challenge is None or challenge.outcome != "answered":
        return Delegation(None)
    if target.lower().removesuffix(".") in challenge.chain:
        return Delegation(True)
    record = Record("CNAME", f"{CHALLENGE_LABEL}.{facts.hostname}", target)
    if challenge.texts and not challenge.chain:
        return Delegation(False, (_text_in_the_way(record, challenge.texts),))
    return Delegation(False, (_missing(facts, wanted, record, challenge.chain),))


def _text_in_the_way(record: Record, texts: tuple[str, ...]) -> Finding:
    return Finding(
        code=FindingCode.CHALLENGE_TXT_CONFLICT,
        severity="error",
        actor="customer",
        message=f"Delete the old TXT record at {record.name}: it stands where the CNAME to {record.value} has to be.",
        fix=record,
        evidence=shortened(f"TXT {text}" for text in texts),
    )


def _missing(facts: DnsFacts, wanted: Wanted, record: Record, chain: tuple[str, ...]) -> Finding:
    certificates = "Wildcard certificates" if wanted.wildcard else "Certificates by delegated validation"
    if chain:
        message = f"{certificates} need {record.name} to lead to {record.value}; it points to {listed(chain[:1])}."
    else:
        message = f"{certificates} for {facts.hostname} also need this record: {record.name} → {record.value}."
    return Finding(
        code=FindingCode.WILDCARD_NEEDS_DELEGATION,
        severity="error",
        actor="customer",
        message=message,
        fix=record,
        evidence=shortened(chain or (f"no CNAME at {record.name}",)),
    )
