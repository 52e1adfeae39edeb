"""Diagnosis of `_acme-challenge`: whether it leads to Cloudflare, which answers the CA at each renewal."""

from collections.abc import Iterable
from typing import NamedTuple

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import describe_typing, new_finding
from dcvd.core.diagnosis.mistakes import describe_slip, describe_wrong_type, is_name_in_text
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.domains.cloudflare_networks import is_cloudflare_address
from dcvd.core.domains.dns_facts import ChallengeAnswer, DnsFacts
from dcvd.core.domains.domain import CHALLENGE_LABEL, Finding, Record
from dcvd.core.domains.hostnames import relative_name
from dcvd.core.text import join_names


class ChallengeDiagnosis(NamedTuple):
    """The diagnosis of `_acme-challenge`; `is_verified` is None where it was not queried or not answered."""

    is_verified: bool | None
    findings: tuple[Finding, ...] = ()


def diagnose_challenge(facts: DnsFacts, requirements: DnsRequirements) -> ChallengeDiagnosis:
    """Diagnose `_acme-challenge`; without a target from Cloudflare there are no findings, as nobody could type it."""
    challenge, given_target = facts.challenge, requirements.challenge_target
    if not requirements.is_delegated or given_target is None or challenge is None or challenge.outcome != "answered":
        return ChallengeDiagnosis(None)
    target = given_target.lower().removesuffix(".")
    record = Record("CNAME", f"{CHALLENGE_LABEL}.{facts.hostname}", given_target)
    if target in challenge.chain or _is_flattened(challenge):
        return ChallengeDiagnosis(True)
    if target in challenge.hidden_chain:
        return ChallengeDiagnosis(True, (_hidden_finding(facts, record, challenge.texts),))
    if challenge.texts and all(is_name_in_text(text, target) for text in challenge.texts):
        return ChallengeDiagnosis(False, (_wrong_type_finding(record, challenge.texts),))
    if challenge.texts and not challenge.chain and not challenge.hidden_chain:
        return ChallengeDiagnosis(False, (_conflicting_txt_finding(record, challenge.texts),))
    mistake = _find_mistake(facts, requirements, record, challenge)
    if mistake is None and challenge.is_bare:
        return ChallengeDiagnosis(None, (_bare_finding(record),))
    return ChallengeDiagnosis(False, (mistake or _missing_delegation_finding(facts, requirements, record),))


def _is_flattened(challenge: ChallengeAnswer) -> bool:
    """Whether the provider answers with what stands at the target in place of the CNAME."""
    return not set(challenge.texts).isdisjoint(challenge.target_texts)


def _find_mistake(
    facts: DnsFacts, requirements: DnsRequirements, record: Record, challenge: ChallengeAnswer
) -> Finding | None:
    """Find that the record was typed, and saved as another one than was meant."""
    target = record.value.lower().removesuffix(".")
    first = next(iter((*challenge.hidden_chain, *challenge.chain)), None)
    if first is not None and first.startswith(f"{target}."):
        appended = first.removeprefix(f"{target}.")
        if facts.hostname == appended or facts.hostname.endswith(f".{appended}"):
            message = (
                f"{record.name} points to {first}: your provider appended {appended} to the value. End it with a dot: "
                f"{target}."
            )
            fix = Record("CNAME", record.name, f"{target}.")
            return _error(FindingCode.TARGET_DOUBLED, message, (first,), fix)
    doubled = challenge.doubled_answer
    if doubled is not None and doubled.cname == target:
        label = relative_name(record.name, doubled.name.removeprefix(f"{record.name}."))
        message = f"The record was saved as {doubled.name}. Enter only {label} as the name."
        return _error(FindingCode.NAME_DOUBLED, message, (doubled.name,), Record("CNAME", label, record.value))
    is_proxied = bool(challenge.addresses) and all(is_cloudflare_address(each) for each in challenge.addresses)
    if is_proxied:
        message = (
            f"The record at {record.name} is proxied by Cloudflare, which hides where it leads. Set it to DNS only: "
            f"{describe_typing(facts, record)}."
        )
        return _error(FindingCode.CHALLENGE_PROXIED, message, challenge.addresses, record)
    if first is not None and first != facts.target:
        certificates = _describe_certificates(requirements)
        slip = describe_slip(first, target)
        message = (
            f"The value of the CNAME at {record.name} is almost right. {slip}"
            if slip
            else f"{certificates} need {record.name} to lead to {record.value}; it points to {join_names([first])}."
        )
        return _error(FindingCode.WILDCARD_NEEDS_DELEGATION, message, challenge.chain or (first,), record)
    return None


def _wrong_type_finding(record: Record, texts: tuple[str, ...]) -> Finding:
    message = describe_wrong_type(f"at {record.name}", record.value)
    return _error(FindingCode.CHALLENGE_TXT_CONFLICT, message, (f"TXT {text}" for text in texts), record)


def _hidden_finding(facts: DnsFacts, record: Record, texts: tuple[str, ...]) -> Finding:
    message = (
        f"The CNAME at {record.name} is there, but Cloudflare answers queries for TXT there with tokens of the zone's "
        "own certificate, which no dashboard shows. They go once that certificate is issued, or when Universal "
        f"SSL is turned off in that zone; or {facts.hostname} is validated by http."
    )
    evidence = [f"CNAME {record.value}", *(f"TXT {text}" for text in texts)]
    return new_finding(FindingCode.CHALLENGE_HIDDEN, "warning", "customer", message, evidence)


def _bare_finding(record: Record) -> Finding:
    message = (
        f"There is something at {record.name} that shows nothing. If it is the CNAME to {record.value}, and the "
        "provider flattens it, all is well: it shows once a certificate is ordered. If not, create that CNAME."
    )
    evidence = [f"{record.name} exists, without a CNAME, a TXT record or an address"]
    return new_finding(FindingCode.CHALLENGE_HIDDEN, "warning", "customer", message, evidence, fix=record)


def _conflicting_txt_finding(record: Record, texts: tuple[str, ...]) -> Finding:
    message = f"Delete the old TXT record at {record.name}: it stands where the CNAME to {record.value} has to be."
    return _error(FindingCode.CHALLENGE_TXT_CONFLICT, message, (f"TXT {text}" for text in texts), record)


def _missing_delegation_finding(facts: DnsFacts, requirements: DnsRequirements, record: Record) -> Finding:
    certificates = _describe_certificates(requirements)
    message = f"{certificates} for {facts.hostname} also need this record: {describe_typing(facts, record)}."
    return _error(FindingCode.WILDCARD_NEEDS_DELEGATION, message, (f"no CNAME at {record.name}",), record)


def _describe_certificates(requirements: DnsRequirements) -> str:
    return "Wildcard certificates" if requirements.wildcard else "Certificates by delegated validation"


def _error(code: FindingCode, message: str, evidence: Iterable[str], fix: Record) -> Finding:
    return new_finding(code, "error", "customer", message, evidence, fix=fix)
