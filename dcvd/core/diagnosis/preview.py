"""Diagnosis of a domain from a fresh DNS check, whether it exists or is only about to be added."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.dns import diagnose_dns
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.diagnosis.names import name_findings
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.dns.facts import DnsCheckRequest, DnsFacts
from dcvd.core.dns.provider_table import DnsProvider
from dcvd.core.dns.providers import find_provider_by_name
from dcvd.core.dns.refused_names import RefusedName
from dcvd.core.domains import targets
from dcvd.core.domains.additions import ValidatedDomain
from dcvd.core.domains.domain import DnsState, Domain, Finding, RequiredRecord, new_domain
from dcvd.core.domains.typed_records import find_zone, remember_zone, required_records_to_type
from dcvd.core.ids import RandomBytes
from dcvd.core.sentences.rendering import render
from dcvd.core.sentences.sentence import Param, Sentence, TypedRecord, say

_EXPECTED_CODES: Final = frozenset({FindingCode.CNAME_MISSING, FindingCode.CNAME_WRONG_TARGET})


class DomainDiagnosis(Struct, frozen=True, kw_only=True):
    """What a fresh check found out about a domain. Nothing of it is stored.

    state: None where DNS gave no answer. records: the required records, with whether this check saw them.
    zone, provider: the zone in which the records are typed, and who runs it, as far as this check saw that.
    """

    state: DnsState | None
    findings: tuple[Finding, ...]
    records: tuple[RequiredRecord, ...]
    zone: str
    provider: DnsProvider | None


def sketch_domain(validated: ValidatedDomain, *, template: str, suffix: str | None, now: int) -> Domain:
    """Return the domain that would be added, without an id.

    template: the configured target. Its label `{token}` stays as it is, because it is replaced only when the domain is
        added. suffix: as in `targets.challenge_target`.
    """
    delegated = validated.validation == "delegated"
    return new_domain(
        domain_id="",
        org_id="",
        name=validated.name,
        cname_target=template,
        now=now,
        validation=validated.validation,
        wildcard=validated.wildcard,
        challenge_target=targets.challenge_target(validated.name, suffix) if delegated else None,
    )


def build_check_request(domain: Domain, random: RandomBytes, *, is_explained: bool = False) -> DnsCheckRequest:
    """Return the request for a thorough check. All targets below the service's name have the same addresses."""
    return DnsCheckRequest(
        hostname=domain.name,
        target=targets.new_target(domain.cname_target, random),
        with_challenge=domain.validation == "delegated",
        challenge_target=domain.challenge_target,
        with_names_below=domain.wildcard,
        is_thorough=True,
        is_explained=is_explained,
    )


def diagnose_domain(
    domain: Domain,
    facts: DnsFacts,
    *,
    certificate_authorities: tuple[str, ...],
    allowed_tlds: tuple[str, ...],
    now: int,
) -> DomainDiagnosis:
    """Diagnose the answer to `build_check_request`; `certificate_authorities` as in `LifecycleRules`."""
    # Messages show the target without a random label.
    diagnosis = diagnose_dns(
        replace(facts, target=domain.cname_target), DnsRequirements.of_domain(domain, certificate_authorities), now
    )
    checked = replace(
        remember_zone(domain, facts),
        dns_state=diagnosis.state or DnsState.UNKNOWN,
        dns_failures=0,
        dns_checked_at=now,
        findings=diagnosis.findings,
        challenge_verified=bool(diagnosis.challenge_verified),
    )
    findings = diagnosis.findings if domain.id else tuple(map(_promise_nothing, diagnosis.findings))
    records = required_records_to_type(checked)
    if targets.is_target_template(domain.cname_target):
        records = tuple(_hide_target_in_note(record, domain.cname_target) for record in records)
        findings = _hide_unknown_target(findings, domain.cname_target)
    return DomainDiagnosis(
        state=diagnosis.state,
        findings=(*findings, *name_findings(domain.name, allowed_tlds=allowed_tlds)),
        records=records,
        zone=find_zone(checked),
        provider=find_provider_by_name(checked.dns_provider),
    )


def _promise_nothing(finding: Finding) -> Finding:
    """Return a finding about a name that is not added, for which nothing is done yet."""
    if finding.code != FindingCode.PROXIED_UNVERIFIABLE:
        return finding
    sentences = (say("record_proxied_preview"),)
    return replace(finding, message=render(sentences), sentences=sentences)


def _hide_target_in_note(record: RequiredRecord, template: str) -> RequiredRecord:
    return record if record.note is None else replace(record, note=_hide_target(record.note, template))


def _hide_unknown_target(findings: tuple[Finding, ...], template: str) -> tuple[Finding, ...]:
    """Drop what nobody can get right before a domain is added, because its target is not known until then."""
    return tuple(
        _hide_target_in_finding(finding, template) for finding in findings if finding.code not in _EXPECTED_CODES
    )


def _hide_target_in_finding(finding: Finding, template: str) -> Finding:
    sentences = tuple(_hide_target(sentence, template) for sentence in finding.sentences)
    fix = None if finding.fix is not None and template in finding.fix.value else finding.fix
    return replace(finding, message=render(sentences), sentences=sentences, fix=fix)


def _hide_target(sentence: Sentence, template: str) -> Sentence:
    """Return a sentence in which words stand for the target that is not known yet."""
    return Sentence(sentence.id, {name: _hide_in_param(value, template) for name, value in sentence.params.items()})


def _hide_in_param(value: Param, template: str) -> Param:
    match value:
        case str() if value.removesuffix(".") == template:
            return say("target_when_added")
        case TypedRecord(value=str(target)) if target.removesuffix(".") == template:
            return replace(value, value=say("target_when_added"))
        case Sentence():
            return _hide_target(value, template)
        case _:
            return value


def unusable_name_findings(text: str, refusal: RefusedName, *, allowed_tlds: tuple[str, ...]) -> tuple[Finding, ...]:
    """Return the findings about a name that cannot be added, for a reason of its own or that of the refusal."""
    findings = name_findings(text, allowed_tlds=allowed_tlds)
    return findings or (new_finding(FindingCode.HOSTNAME_INVALID, "error", "customer", refusal.sentences, ()),)
