"""Many domains added by one call."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.domains.additions import ValidatedDomain
from dcvd.core.domains.bulk import AddLine, AddOutcome, AddStatus, LineRefusal, to_refusal
from dcvd.core.domains.domain import Domain
from dcvd.core.lifecycle.registration_queue import QueuePosition
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.domains.additions import AdditionResult
from dcvd.services.domains.bulk import BulkRequest, IdempotencyRecord, new_batch_sizer, run_in_steps
from dcvd.services.lifecycle import registration_queue
from dcvd.services.lifecycle.registration_queue import QueueCounter
from dcvd.store import domains
from dcvd.store.engine.database import Snapshot, Transaction

_DOMAIN_EXISTS: Final = "domain_exists"


class AddLineResult(Struct, frozen=True, kw_only=True):
    """What came of a line.

    domain: None also where it was removed since. queue_position: None also where Cloudflare has the hostname.
    """

    line: int
    outcome: AddStatus
    name: str | None
    domain_id: str | None = None
    domain: Domain | None = None
    queue_position: QueuePosition | None = None
    error: LineRefusal | None = None


class BulkAdditions:
    """One call, whose lines come in several portions."""

    def __init__(self, context: Context, request: BulkRequest) -> None:
        self._context = context
        self._request = request
        self._idempotency_record = IdempotencyRecord(request, AddOutcome)
        self._batch_sizer = new_batch_sizer()
        self._queue_counter = QueueCounter()
        self._simulated_names: set[str] = set()

    def add_lines(self, lines: Sequence[AddLine]) -> AsyncIterator[list[AddLineResult]]:
        """What came of the next lines of the call, in their order and in portions."""
        return run_in_steps(
            self._context,
            self._request,
            self._batch_sizer,
            lines,
            apply=self._add,
            simulate=self._simulate,
            refuse=lambda line, error: AddLineResult(line=line.number, outcome="refused", name=line.name, error=error),
        )

    def _add(self, tx: Transaction, lines: Sequence[AddLine]) -> list[AddLineResult]:
        context, call = self._context, self._request
        known, rest = self._idempotency_record.recall(tx, lines)
        verdicts = self._evaluate(tx, rest)
        new = [verdict.domain for verdict in verdicts.values() if verdict.error is None and verdict.domain is not None]
        places: dict[str, QueuePosition] = {}
        if new:
            registrations = additions.store(context, tx, call.org_id, new, actor=call.actor)
            places = self._queue_counter.find_positions(context, tx, registrations)
        fresh = [_to_outcome(line, verdicts.get(line.number)) for line in rest]
        self._idempotency_record.remember(tx, rest, fresh, context.now())
        outcomes = known | {line.number: outcome for line, outcome in zip(rest, fresh, strict=True)}
        found = {verdict.domain.id: verdict.domain for verdict in verdicts.values() if verdict.domain is not None}
        return _build_results(context, tx, lines, outcomes, found, places)

    def _simulate(self, snapshot: Snapshot, lines: Sequence[AddLine]) -> list[AddLineResult]:
        verdicts = self._evaluate(snapshot, lines)
        results: list[AddLineResult] = []
        for line in lines:
            verdict = verdicts.get(line.number)
            outcome = _to_outcome(line, verdict)
            # What this call would have added is not stored: it has no id, and has to be remembered.
            repeated = outcome.name is not None and outcome.name in self._simulated_names
            if outcome.outcome == "refused":
                added = AddLineResult(line=line.number, outcome="refused", name=outcome.name, error=outcome.error)
            elif repeated:
                added = AddLineResult(line=line.number, outcome="exists", name=outcome.name)
            elif outcome.outcome == "exists" and verdict is not None:
                added = AddLineResult(
                    line=line.number,
                    outcome="exists",
                    name=outcome.name,
                    domain_id=outcome.domain_id,
                    domain=verdict.domain,
                )
            else:
                self._simulated_names.add(outcome.name or "")
                added = AddLineResult(line=line.number, outcome="would_create", name=outcome.name)
            results.append(added)
        return results

    def _evaluate(self, snapshot: Snapshot, lines: Sequence[AddLine]) -> dict[int, AdditionResult]:
        """By the numbers of the lines that say what to add."""
        wanted = [(line.number, line.content) for line in lines if isinstance(line.content, ValidatedDomain)]
        verdicts = additions.evaluate(
            self._context, snapshot, self._request.org_id, [addition for _, addition in wanted]
        )
        return {number: verdict for (number, _), verdict in zip(wanted, verdicts, strict=True)}


def _to_outcome(line: AddLine, result: AdditionResult | None) -> AddOutcome:
    if isinstance(line.content, LineRefusal):
        return AddOutcome(outcome="refused", name=line.name, error=line.content)
    assert result is not None, "every addition was judged"
    name, error, domain = line.content.name, result.error, result.domain
    if domain is not None and (error is None or error.code == _DOMAIN_EXISTS):
        return AddOutcome(outcome="created" if error is None else "exists", name=name, domain_id=domain.id)
    assert error is not None, "a verdict has a domain or an error"
    return AddOutcome(outcome="refused", name=name, error=to_refusal(error))


def _build_results(
    context: Context,
    tx: Snapshot,
    lines: Sequence[AddLine],
    outcomes: Mapping[int, AddOutcome | LineRefusal],
    known_domains: dict[str, Domain],
    known_positions: dict[str, QueuePosition],
) -> list[AddLineResult]:
    """With the domains as they are now; `known_domains` and `known_positions` are what is known of them already."""
    named = {outcome.domain_id for outcome in outcomes.values() if isinstance(outcome, AddOutcome)}
    missing = [domain_id for domain_id in named if domain_id is not None and domain_id not in known_domains]
    if missing:
        known_domains = known_domains | domains.find_by_ids(tx, missing)
    unplaced = [domain for domain in known_domains.values() if domain.id not in known_positions]
    if unplaced:
        known_positions = known_positions | registration_queue.read_positions(context, tx, unplaced)
    results: list[AddLineResult] = []
    for line in lines:
        outcome = outcomes[line.number]
        if isinstance(outcome, LineRefusal):
            results.append(AddLineResult(line=line.number, outcome="refused", name=line.name, error=outcome))
            continue
        domain_id = outcome.domain_id
        results.append(
            AddLineResult(
                line=line.number,
                outcome=outcome.outcome,
                name=outcome.name,
                domain_id=domain_id,
                domain=None if domain_id is None else known_domains.get(domain_id),
                queue_position=None if domain_id is None else known_positions.get(domain_id),
                error=outcome.error,
            )
        )
    return results
