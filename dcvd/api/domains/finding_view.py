"""What is wrong with a domain, and the records that it needs, as JSON."""

from collections.abc import Iterable

from msgspec import Struct

from dcvd.api.http.instants import Instant
from dcvd.api.http.views import build_view
from dcvd.core.domains.domain import Finding, FindingActor, RecordPurpose, RequiredRecord, Severity
from dcvd.core.instants import to_rfc3339


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


def required_record_views(records: Iterable[RequiredRecord]) -> list[RequiredRecordView]:
    """Show records that the customer has to have in DNS."""
    return [build_view(RequiredRecordView, record, verified=record.is_verified) for record in records]


def finding_view(finding: Finding, next_check_at: int) -> FindingView:
    """Show a finding; one without a time of its own gets that of the domain's next check."""
    check_at = next_check_at if finding.next_check_at is None else finding.next_check_at
    return build_view(FindingView, finding, next_check_at=to_rfc3339(check_at))
