"""What a fresh check of DNS says of a domain, as it is or as it would be added. Nothing is asked here."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.diagnosis import DnsRequirements, FindingCode, diagnose_dns, name_findings
from dcvd.core.domains import targets
from dcvd.core.domains.additions import ValidatedDomain
from dcvd.core.domains.dns_facts import DnsCheckRequest, DnsFacts
from dcvd.core.domains.domain import DnsState, Domain, Finding, RequiredRecord, new_domain, required_records
from dcvd.core.ids import RandomBytes

_EXPECTED_CODES: Final = frozenset({FindingCode.CNAME_MISSING, FindingCode.CNAME_WRONG_TARGET})
_TARGET_IN_WORDS: Final = "the target that it is given when it is added"


class DomainDiagnosis(Struct, frozen=True, kw_only=True):
    """`state` is None where DNS gave no answer. `records`: with what this check saw of them."""

    state: DnsState | None
    findings: tuple[Finding, ...]
    records: tuple[RequiredRecord, ...]


def sketch_domain(validated: ValidatedDomain, *, template: str, suffix: str | None, now: int) -> Domain:
    """The domain that an addition would become, without an id.

    template: the configured target. It stays as it is where it has the label `{token}`: that is chosen only when the
        domain is added. suffix: as in `targets.challenge_target`.
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


def build_check_request(domain: Domain, random: RandomBytes) -> DnsCheckRequest:
    """All that there is to ask. Any target below the service's name has the addresses that every one of them has."""
    return DnsCheckRequest(
        hostname=domain.name,
        target=targets.new_target(domain.cname_target, random),
        with_challenge=domain.validation == "delegated",
        is_thorough=True,
    )


def diagnose_domain(
    domain: Domain,
    facts: DnsFacts,
    *,
    certificate_authorities: tuple[str, ...],
    allowed_tlds: tuple[str, ...],
    now: int,
) -> DomainDiagnosis:
    """What the answer to `question` means; `certificate_authorities` as in `lifecycle.Rules`."""
    # The target as a person is to read it, which has no random label.
    verdict = diagnose_dns(
        replace(facts, target=domain.cname_target), DnsRequirements.of_domain(domain, certificate_authorities), now
    )
    seen = replace(
        domain,
        dns_state=verdict.state or DnsState.UNKNOWN,
        dns_failures=0,
        challenge_verified=bool(verdict.challenge_verified),
    )
    found = verdict.findings
    if targets.is_target_template(domain.cname_target):
        found = _hide_unknown_target(found, domain.cname_target)
    return DomainDiagnosis(
        state=verdict.state,
        findings=(*found, *name_findings(domain.name, allowed_tlds=allowed_tlds)),
        records=required_records(seen),
    )


def _hide_unknown_target(findings: tuple[Finding, ...], template: str) -> tuple[Finding, ...]:
    """Until a name is added nobody can have pointed it right, which is no fault, and nobody can type its target."""
    return tuple(
        replace(
            finding,
            message=finding.message.replace(template, _TARGET_IN_WORDS),
            fix=None if finding.fix is not None and template in finding.fix.value else finding.fix,
        )
        for finding in findings
        if finding.code not in _EXPECTED_CODES
    )


def unusable_name_findings(text: str, message: str, *, allowed_tlds: tuple[str, ...]) -> tuple[Finding, ...]:
    """The finding of a name that cannot be added, for the reason `message`."""
    found = name_findings(text, allowed_tlds=allowed_tlds)
    return found or (Finding(code="hostname_invalid", severity="error", actor="customer", message=message),)
