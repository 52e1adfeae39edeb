"""What is wrong with a domain, and the records that it needs, as JSON."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from dcvd.api.http.instants import Instant
from dcvd.core.domains.domain import Finding, FindingActor, RecordPurpose, RequiredRecord, Severity
from dcvd.core.instants import to_rfc3339


class CodedError(Protocol):
    """An error with a stable code and a sentence."""

    @property
    def code(self) -> str: ...

    @property
    def message(self) -> str: ...


class ErrorView(Struct, frozen=True):
    """Why something failed or stopped: a stable code and a sentence."""

    code: str
    message: str


class RecordView(Struct, frozen=True):
    """A DNS record, as somebody types it at their provider."""

    type: str
    name: str
    value: str


class RequiredRecordView(Struct, frozen=True):
    """A DNS record that the customer has to create, and whether it was found."""

    type: str
    name: str
    value: str | None
    purpose: RecordPurpose
    verified: bool


class UndatedFindingView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One finding: what is wrong, who has to act, and the record to type."""

    code: str
    severity: Severity
    actor: FindingActor
    message: str
    fix: RecordView | None
    evidence: list[str]


class FindingView(UndatedFindingView, frozen=True, kw_only=True, rename="camel"):
    """One finding: what is wrong, who has to act, the record to type, and when the next check makes sense."""

    next_check_at: Instant


def error_view(error: CodedError | None) -> ErrorView | None:
    """Show an error, if there is one."""
    return None if error is None else ErrorView(error.code, error.message)


def required_record_views(records: Iterable[RequiredRecord]) -> list[RequiredRecordView]:
    """Show records that the customer has to have in DNS."""
    return [
        RequiredRecordView(record.type, record.name, record.value, record.purpose, record.is_verified)
        for record in records
    ]


def finding_view(finding: Finding, next_check_at: int) -> FindingView:
    """Show a finding; one without a time of its own gets that of the domain's next check."""
    fix = finding.fix
    return FindingView(
        code=finding.code,
        severity=finding.severity,
        actor=finding.actor,
        message=finding.message,
        fix=None if fix is None else RecordView(fix.type, fix.name, fix.value),
        evidence=list(finding.evidence),
        next_check_at=to_rfc3339(next_check_at if finding.next_check_at is None else finding.next_check_at),
    )
