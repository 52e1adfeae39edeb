"""Diagnosis of `_acme-challenge`: whether it leads to Cloudflare, which answers the CA at each renewal."""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding, type_record
from dcvd.core.diagnosis.mistakes import describe_slip, is_name_in_text
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.dns.cloudflare_networks import is_cloudflare_address
from dcvd.core.dns.facts import ChallengeAnswer, DnsFacts
from dcvd.core.dns.hostnames import relative_name
from dcvd.core.domains.domain import CHALLENGE_LABEL, Domain, Finding, Record
from dcvd.core.domains.required_records import needs_delegation
from dcvd.core.sentences.sentence import Sentence, say


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
            message = say("target_doubled", name=record.name, alias=first, appended=appended, target=f"{target}.")
            fix = Record("CNAME", record.name, f"{target}.")
            return _error(FindingCode.TARGET_DOUBLED, message, (first,), fix)
    doubled = challenge.doubled_answer
    if doubled is not None and doubled.cname == target:
        label = relative_name(record.name, doubled.name.removeprefix(f"{record.name}."))
        message = say("name_doubled", saved=doubled.name, host=label)
        return _error(FindingCode.NAME_DOUBLED, message, (doubled.name,), Record("CNAME", label, record.value))
    is_proxied = bool(challenge.addresses) and all(is_cloudflare_address(each) for each in challenge.addresses)
    if is_proxied:
        message = say("challenge_proxied", name=record.name, record=type_record(facts, record))
        return _error(FindingCode.CHALLENGE_PROXIED, message, challenge.addresses, record)
    if first is not None and first != facts.target:
        wrong = say(
            "challenge_elsewhere",
            certificates=_name_certificates(requirements),
            name=record.name,
            target=record.value,
            alias=(first,),
        )
        slip = describe_slip(first, target)
        messages = (wrong,) if slip is None else (say("challenge_almost_right", name=record.name), slip)
        return _error(_missing_code(requirements), messages, challenge.chain or (first,), record)
    return None


def _wrong_type_finding(record: Record, texts: tuple[str, ...]) -> Finding:
    message = say("wrong_type_at", name=record.name, target=record.value)
    return _error(FindingCode.CHALLENGE_TXT_CONFLICT, message, (f"TXT {text}" for text in texts), record)


def _hidden_finding(facts: DnsFacts, record: Record, texts: tuple[str, ...]) -> Finding:
    message = say("challenge_hidden", name=record.name, hostname=facts.hostname)
    evidence = [f"CNAME {record.value}", *(f"TXT {text}" for text in texts)]
    return new_finding(FindingCode.CHALLENGE_HIDDEN, "warning", "customer", message, evidence)


def _bare_finding(record: Record) -> Finding:
    message = say("challenge_bare", name=record.name, target=record.value)
    evidence = [f"{record.name} exists, without a CNAME, a TXT record or an address"]
    return new_finding(FindingCode.CHALLENGE_HIDDEN, "warning", "customer", message, evidence, fix=record)


def _conflicting_txt_finding(record: Record, texts: tuple[str, ...]) -> Finding:
    message = say("challenge_txt_in_the_way", name=record.name, target=record.value)
    return _error(FindingCode.CHALLENGE_TXT_CONFLICT, message, (f"TXT {text}" for text in texts), record)


def _missing_delegation_finding(facts: DnsFacts, requirements: DnsRequirements, record: Record) -> Finding:
    message = say(
        "challenge_needed",
        certificates=_name_certificates(requirements),
        hostname=facts.hostname,
        record=type_record(facts, record),
    )
    return _error(_missing_code(requirements), message, (f"no CNAME at {record.name}",), record)


def _missing_code(requirements: DnsRequirements) -> FindingCode:
    return FindingCode.WILDCARD_NEEDS_DELEGATION if requirements.wildcard else FindingCode.DELEGATION_MISSING


def _name_certificates(requirements: DnsRequirements) -> Sentence:
    return say("wildcard_certificates" if requirements.wildcard else "delegated_certificates")


def _error(code: FindingCode, message: Sentence | Iterable[Sentence], evidence: Iterable[str], fix: Record) -> Finding:
    return new_finding(code, "error", "customer", message, evidence, fix=fix)


def drop_needless_challenge(domain: Domain) -> Domain:
    """Return a domain without what was wrong with `_acme-challenge`, once its certificates do without it."""
    if domain.validation == "http" or needs_delegation(domain):
        return domain
    others = tuple(finding for finding in domain.findings if not _is_of_challenge(finding))
    return domain if len(others) == len(domain.findings) else replace(domain, findings=others)


def _is_of_challenge(finding: Finding) -> bool:
    is_fixed_there = finding.fix is not None and finding.fix.name.startswith(CHALLENGE_LABEL)
    return is_fixed_there or finding.code == FindingCode.CHALLENGE_HIDDEN
