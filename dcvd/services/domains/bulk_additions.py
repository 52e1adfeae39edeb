"""Add many domains by one call."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from dcvd.core.domains.additions import DomainRequest, ValidatedDomain
from dcvd.core.domains.bulk import (
    MAX_ECHOED_NAME_CHARS,
    AddLine,
    AddOutcome,
    AddStatus,
    Line,
    LineRefusal,
    fingerprint_line,
    to_refusal,
)
from dcvd.core.domains.domain import Domain
from dcvd.core.lifecycle.registration_queue import QueuePosition
from dcvd.errors import InvalidInput
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.domains.additions import AdditionResult
from dcvd.services.domains.bulk import BulkRequest, IdempotencyRecord, new_batch_sizer, run_in_steps
from dcvd.services.lifecycle import registration_queue
from dcvd.services.lifecycle.registration_queue import QueueCounter
from dcvd.store import domains
from dcvd.store.engine.transactions import Snapshot, Transaction

_DOMAIN_EXISTS: Final = "domain_exists"


class AddLineResult(Struct, frozen=True, kw_only=True):
    """The result of a line.

    domain: None also where it was removed since. queue_position: None also where Cloudflare has the hostname.
    """

    line: int
    outcome: AddStatus
    name: str | None
    domain_id: str | None = None
    domain: Domain | None = None
    queue_position: QueuePosition | None = None
    error: LineRefusal | None = None


def validate_line(context: Context, number: int, request: DomainRequest, *, is_remembered: bool = True) -> AddLine:
    """Validate the request of a line; a mistake becomes the line's own refusal.

    is_remembered: False without a key; nothing is compared with the line then, and it gets no fingerprint.
    """
    content: ValidatedDomain | LineRefusal
    try:
        content = additions.validate(context, request)
    except InvalidInput as error:
        content = to_refusal(error)
    return AddLine(
        number=number,
        fingerprint=fingerprint_line("add", msgspec.json.encode(request)) if is_remembered else "",
        name=request.domain_name[:MAX_ECHOED_NAME_CHARS],
        content=content,
    )


class BulkAdditions:
    """One call that adds domains; its lines arrive in several portions."""

    def __init__(self, context: Context, request: BulkRequest) -> None:
        self._context = context
        self._request = request
        self._idempotency_record = IdempotencyRecord(context, request, AddOutcome, _refused_outcome)
        self._batch_sizer = new_batch_sizer()
        self._queue_counter = QueueCounter()
        self._simulated_names: set[str | None] = set()

    def add_lines(self, lines: Sequence[AddLine]) -> AsyncIterator[list[AddLineResult]]:
        """Add the next lines of the call, and yield the results in order, portion by portion."""
        return run_in_steps(
            self._context,
            self._request,
            self._batch_sizer,
            lines,
            apply=self._add,
            simulate=self._simulate,
            refuse=lambda line, error: _to_result(line, _refused_outcome(line, error)),
        )

    def _add(self, tx: Transaction, lines: Sequence[AddLine]) -> list[AddLineResult]:
        context, request = self._context, self._request
        domains_by_id: dict[str, Domain] = {}
        positions: dict[str, QueuePosition] = {}

        def apply(new_lines: Sequence[AddLine]) -> list[AddOutcome]:
            results = self._evaluate(tx, new_lines)
            domains_by_id.update(
                {result.domain.id: result.domain for result in results.values() if result.domain is not None}
            )
            new_domains = [result.added for result in results.values() if result.added is not None]
            if new_domains:
                registrations = additions.store(context, tx, request.org_id, new_domains, actor=request.actor)
                domains_by_id.update({domain.id: domain for domain in additions.read_proved(tx, new_domains)})
                positions.update(self._queue_counter.find_positions(context, tx, registrations))
            return [_to_outcome(line, results.get(line.number)) for line in new_lines]

        outcomes = self._idempotency_record.complete(tx, lines, apply)
        return _build_results(context, tx, lines, outcomes, domains_by_id, positions)

    def _simulate(self, snapshot: Snapshot, lines: Sequence[AddLine]) -> list[AddLineResult]:
        evaluations = self._evaluate(snapshot, lines)
        results: list[AddLineResult] = []
        for line in lines:
            evaluation = evaluations.get(line.number)
            outcome = _to_outcome(line, evaluation)
            domain = None
            # A dry run stores no domain, so the names that this call would have added have to be remembered here.
            if outcome.outcome != "refused" and outcome.name in self._simulated_names:
                outcome = AddOutcome(outcome="exists", name=outcome.name)
            elif outcome.outcome == "created":
                self._simulated_names.add(outcome.name)
                outcome = AddOutcome(outcome="would_create", name=outcome.name)
            elif outcome.outcome == "exists" and evaluation is not None:
                domain = evaluation.domain
            results.append(_to_result(line, outcome, domain))
        return results

    def _evaluate(self, snapshot: Snapshot, lines: Sequence[AddLine]) -> dict[int, AdditionResult]:
        """Evaluate the lines that name a domain to add; return the results by line number."""
        candidates = [(line.number, line.content) for line in lines if isinstance(line.content, ValidatedDomain)]
        results = additions.evaluate(
            self._context,
            snapshot,
            self._request.org_id,
            [candidate for _, candidate in candidates],
            simulated_names=self._simulated_names,
        )
        return {number: result for (number, _), result in zip(candidates, results, strict=True)}


def _to_outcome(line: AddLine, result: AdditionResult | None) -> AddOutcome:
    if isinstance(line.content, LineRefusal):
        return _refused_outcome(line, line.content)
    assert result is not None, "every line with a domain was evaluated"
    name, error, domain = line.content.name, result.error, result.domain
    if domain is not None and (error is None or error.code == _DOMAIN_EXISTS):
        return AddOutcome(outcome="created" if error is None else "exists", name=name, domain_id=domain.id)
    assert error is not None, "a result has a domain or an error"
    return AddOutcome(outcome="refused", name=name, error=to_refusal(error))


def _build_results(
    context: Context,
    tx: Snapshot,
    lines: Sequence[AddLine],
    outcomes: Sequence[AddOutcome],
    known_domains: dict[str, Domain],
    known_positions: dict[str, QueuePosition],
) -> list[AddLineResult]:
    """Build the results with the domains as they are now; `known_…` saves reading those that were read already."""
    domain_ids = {outcome.domain_id for outcome in outcomes if outcome.domain_id is not None}
    missing_ids = [domain_id for domain_id in domain_ids if domain_id not in known_domains]
    if missing_ids:
        known_domains = known_domains | domains.find_by_ids(tx, missing_ids)
    without_position = [domain for domain in known_domains.values() if domain.id not in known_positions]
    if without_position:
        known_positions = known_positions | registration_queue.read_positions(context, tx, without_position)
    return [
        _to_result(
            line, outcome, known_domains.get(outcome.domain_id or ""), known_positions.get(outcome.domain_id or "")
        )
        for line, outcome in zip(lines, outcomes, strict=True)
    ]


def _refused_outcome(line: Line[Any], error: LineRefusal) -> AddOutcome:
    return AddOutcome(outcome="refused", name=line.name, error=error)


def _to_result(
    line: AddLine, outcome: AddOutcome, domain: Domain | None = None, queue_position: QueuePosition | None = None
) -> AddLineResult:
    return AddLineResult(
        line=line.number,
        outcome=outcome.outcome,
        name=outcome.name,
        domain_id=outcome.domain_id,
        domain=domain,
        queue_position=queue_position,
        error=outcome.error,
    )
