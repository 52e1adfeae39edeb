"""Summaries: a diagnosis in one sentence that says who has to do what next."""

from collections.abc import Sequence
from typing import Final, assert_never

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.domains.domain import WAITING_STATUSES, DnsState, Domain, DomainStatus, Finding, FindingActor
from dcvd.core.domains.required_records import missing_validation_record
from dcvd.core.domains.typed_records import find_place, find_zone

_ACTOR_IN_WORDS: Final[dict[FindingActor, str]] = {
    "customer": "The domain's owner has to act",
    "operator": "The operator of this service has to act",
    "nobody": "No action needed",
}


def summarize_domain(domain: Domain, findings: Sequence[Finding]) -> str:
    """Summarize a domain; `findings` are its findings, most severe first."""
    fault = _first_of_severity(findings, "error")
    if fault is not None:
        return _describe_finding(fault)
    if domain.error is not None:
        # A finding of the same code also says what is being done about it.
        same = next((finding for finding in findings if finding.code == domain.error.code), None)
        return domain.error.message if same is None else _describe_finding(same)
    warning = _first_of_severity(findings, "warning")
    if warning is not None and domain.status in WAITING_STATUSES:
        return _describe_finding(warning)
    match domain.status:
        case DomainStatus.ACTIVE if warning is not None:
            return f"{domain.name} serves https, but not all is well. {_describe_finding(warning)}"
        case DomainStatus.ACTIVE if domain.is_ready:
            return f"{domain.name} serves https and points here; there is nothing to do."
        case DomainStatus.ACTIVE:
            return f"{domain.name} serves https; that its DNS still points here is not known, and is checked again."
        case DomainStatus.ISSUING if (record := missing_validation_record(domain)) is not None:
            place = find_place(record.name, find_zone(domain))
            value = "the name that Cloudflare is about to give" if record.value is None else f"`{record.value}`"
            return (
                f"The record of {domain.name} is there. For its certificate create this record as well: type "
                f"{record.type}, name `{place.host}`, value {value}."
            )
        case DomainStatus.ISSUING:
            return f"The record of {domain.name} is there and its certificate is being issued; there is nothing to do."
        case DomainStatus.PENDING_CNAME if domain.dns_state is DnsState.UNKNOWN and domain.incomplete_checks:
            return f"What DNS has for {domain.name} is not known: the checks so far had no answer. It is asked again."
        case DomainStatus.PENDING_CNAME if domain.dns_state is DnsState.UNKNOWN:
            return f"{domain.name} was not checked yet; create the required records meanwhile."
        case DomainStatus.PENDING_CNAME:
            return f"The record of {domain.name} is being confirmed through Cloudflare; there is nothing to do."
        case DomainStatus.ERROR:
            return f"{domain.name} does not go on by itself; ask the operator of this service."
        case _:
            assert_never(domain.status)


def summarize_preview(
    name: str, state: DnsState | None, findings: Sequence[Finding], *, is_new: bool, is_target_unknown: bool = False
) -> str:
    """Summarize the check of a name that may not be added yet; `state` is None where DNS gave no answer.

    is_target_unknown: whether its target is chosen only when it is added.
    """
    fault = _first_of_severity(findings, "error")
    if fault is not None:
        return _describe_finding(fault)
    if state is None and (failed := _find_failed_resolvers(findings)) is not None:
        return _describe_finding(failed)
    if state is None:
        return f"DNS could not be asked about {name} just now; ask again in a minute."
    if is_target_unknown:
        return f"{name} can be added; create its record then, because its target is chosen when it is added."
    if state is DnsState.UNVERIFIABLE:
        then = (
            "it can be added, and is confirmed through Cloudflare then" if is_new else "it is confirmed by Cloudflare"
        )
        return f"Where {name} leads is hidden, because its record is proxied or flattened; {then}."
    what = "it can be added" if is_new else "there is nothing to do"
    warning = _first_of_severity(findings, "warning")
    if warning is not None:
        return f"The record of {name} is right, so {what}, but not all is well. {_describe_finding(warning)}"
    return f"The record of {name} is right; {what}."


def _find_failed_resolvers(findings: Sequence[Finding]) -> Finding | None:
    return next((finding for finding in findings if finding.code == FindingCode.RESOLVERS_FAILED), None)


def _first_of_severity(findings: Sequence[Finding], severity: str) -> Finding | None:
    return next((finding for finding in findings if finding.severity == severity), None)


def _describe_finding(finding: Finding) -> str:
    return f"{_ACTOR_IN_WORDS[finding.actor]}: {finding.message}"
