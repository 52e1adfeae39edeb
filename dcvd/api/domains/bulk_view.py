"""The results of a bulk call as JSON."""

from collections import Counter
from collections.abc import Iterable
from typing import get_args

from msgspec import Struct

from dcvd.api.domains.finding_view import (
    ErrorView,
    OwnershipView,
    ownership_view,
)
from dcvd.api.domains.record_view import LeftRecordView, RequiredRecordView, left_record_views, required_record_views
from dcvd.api.domains.view import RegistrationView, registration_view
from dcvd.core.domains.bulk import AddStatus, RemoveStatus
from dcvd.core.domains.domain import DomainStatus, ValidationMethod
from dcvd.core.domains.typed_records import find_zone, required_records_to_type
from dcvd.http.answers.views import build_view
from dcvd.services.domains.bulk_additions import AddLineResult
from dcvd.services.domains.bulk_removals import RemoveLineResult


class BulkDomainView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The part of a domain that a caller needs next. If it was removed since, only its `id` is known."""

    id: str
    status: DomainStatus | None
    validation: ValidationMethod | None
    wildcard: bool | None
    required_records: list[RequiredRecordView]
    ownership: OwnershipView | None


class AddedLine(Struct, frozen=True, kw_only=True, rename="camel"):
    """The result of one line. `exists`: the organization has the domain already, possibly by an earlier line."""

    line: int
    domain_name: str | None
    outcome: AddStatus
    domain: BulkDomainView | None
    registration: RegistrationView | None
    error: ErrorView | None


class AddedSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many lines had each outcome."""

    created: int
    exists: int
    would_create: int
    refused: int


class AddedLines(Struct, frozen=True, kw_only=True):
    """The results of all lines, in their order."""

    results: list[AddedLine]
    summary: AddedSummary


class RemovedLine(Struct, frozen=True, kw_only=True, rename="camel"):
    """The result of one line; `recordsToRemove` are the records that should now be removed from DNS."""

    line: int
    domain_id: str | None
    domain_name: str | None
    outcome: RemoveStatus
    records_to_remove: list[LeftRecordView]
    error: ErrorView | None


class RemovedSummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many lines had each outcome."""

    removed: int
    would_remove: int
    refused: int


class RemovedLines(Struct, frozen=True, kw_only=True):
    """The results of all lines, in their order."""

    results: list[RemovedLine]
    summary: RemovedSummary


def added_line(addition: AddLineResult) -> AddedLine:
    """Show the result of one line that adds."""
    # Member by member, as the domain is: a call has up to a hundred thousand lines.
    error = addition.error
    return AddedLine(
        line=addition.line,
        domain_name=addition.name,
        outcome=addition.outcome,
        domain=_domain_view(addition),
        registration=registration_view(addition.queue_position),
        error=None if error is None else ErrorView(error.code, error.message),
    )


def added_lines(lines: Iterable[AddLineResult]) -> AddedLines:
    """Show the results of a JSON body that adds."""
    results = [added_line(line) for line in lines]
    counts = Counter(line.outcome for line in results)
    summary = AddedSummary(**{outcome: counts[outcome] for outcome in get_args(AddStatus)})
    return AddedLines(results=results, summary=summary)


def removed_line(removal: RemoveLineResult) -> RemovedLine:
    """Show the result of one line that removes."""
    result = removal.result
    records = left_record_views(result.records)
    return build_view(RemovedLine, result, line=removal.line, domain_name=result.name, records_to_remove=records)


def removed_lines(lines: Iterable[RemoveLineResult]) -> RemovedLines:
    """Show the results of a JSON body that removes."""
    results = [removed_line(line) for line in lines]
    counts = Counter(line.outcome for line in results)
    summary = RemovedSummary(**{outcome: counts[outcome] for outcome in get_args(RemoveStatus)})
    return RemovedLines(results=results, summary=summary)


def _domain_view(addition: AddLineResult) -> BulkDomainView | None:
    if addition.domain_id is None:
        return None
    domain = addition.domain
    if domain is None:
        return BulkDomainView(
            id=addition.domain_id, status=None, validation=None, wildcard=None, required_records=[], ownership=None
        )
    return BulkDomainView(
        id=domain.id,
        status=domain.status,
        validation=domain.validation,
        wildcard=domain.wildcard,
        required_records=required_record_views(required_records_to_type(domain), find_zone(domain)),
        ownership=ownership_view(domain),
    )
