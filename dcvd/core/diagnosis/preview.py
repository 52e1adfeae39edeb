"""What a fresh check of DNS says of a domain, as it is or as it would be added. Nothing is asked here."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.diagnosis import FindingCode, Wanted, judge, name_findings
from dcvd.core.domains import targets
from dcvd.core.domains.additions import Addition
from dcvd.core.domains.dns_facts import DnsFacts, DnsQuestion
from dcvd.core.domains.domain import DnsState, Domain, Finding, RequiredRecord, new_domain, required_records
from dcvd.core.ids import RandomBytes

_EXPECTED: Final = frozenset({FindingCode.CNAME_MISSING, FindingCode.CNAME_WRONG_TARGET})
_GIVEN_LATER: Final = "the target that it is given when it is added"


class Judged(Struct, frozen=True, kw_only=True):
    """`state` is None where DNS gave no answer. `records`: with what this check saw of them."""

    state: DnsState | None
    findings: tuple[Finding, ...]
    records: tuple[RequiredRecord, ...]


def sketch(addition: Addition, *, template: str, suffix: str | None, now: int) -> Domain:
    """The domain that an addition would become, without an id.

    template: the configured target. It stays as it is where it has the label `{token}`: that is chosen only when the
        domain is added. suffix: as in `targets.challenge_target`.
    """
    delegated = addition.validation == "delegated"
    return new_domain(
        domain_id="",
        org_id="",
        name=addition.name,
        cname_target=template,
        now=now,
        validation=addition.validation,
        wildcard=addition.wildcard,
        challenge_target=targets.challenge_target(addition.name, suffix) if delegated else None,
    )


def question(domain: Domain, random: RandomBytes) -> DnsQuestion:
    """All that there is to ask. Any target below the service's name has the addresses that every one of them has."""
    return DnsQuestion(
        hostname=domain.name,
        target=targets.new_target(domain.cname_target, random),
        challenge=domain.validation == "delegated",
        thorough=True,
    )


def judged(
    domain: Domain, facts: DnsFacts, *, authorities: tuple[str, ...], allowed_tlds: tuple[str, ...], now: int
) -> Judged:
    """What the answer to `question` means; `authorities` as in `lifecycle.Rules`."""
    # The target as a person is to read it, which has no random label.
    verdict = judge(replace(facts, target=domain.cname_target), Wanted.of(domain, authorities), now)
    seen = replace(
        domain,
        dns_state=verdict.state or DnsState.UNKNOWN,
        dns_failures=0,
        challenge_verified=bool(verdict.challenge_verified),
    )
    found = verdict.findings
    if targets.is_template(domain.cname_target):
        found = _without_its_target(found, domain.cname_target)
    return Judged(
        state=verdict.state,
        findings=(*found, *name_findings(domain.name, allowed_tlds=allowed_tlds)),
        records=required_records(seen),
    )


def _without_its_target(findings: tuple[Finding, ...], template: str) -> tuple[Finding, ...]:
    """Until a name is added nobody can have pointed it right, which is no fault, and nobody can type its target."""
    return tuple(
        replace(
            finding,
            message=finding.message.replace(template, _GIVEN_LATER),
            fix=None if finding.fix is not None and template in finding.fix.value else finding.fix,
        )
        for finding in findings
        if finding.code not in _EXPECTED
    )


def unusable(text: str, message: str, *, allowed_tlds: tuple[str, ...]) -> tuple[Finding, ...]:
    """The finding of a name that cannot be added, for the reason `message`."""
    found = name_findings(text, allowed_tlds=allowed_tlds)
    return found or (Finding(code="hostname_invalid", severity="error", actor="customer", message=message),)
