"""Many domains removed by one call."""

from collections.abc import AsyncIterator, Sequence

from msgspec import Struct

from dcvd.core.domains.bulk import DomainReference, LineRefusal, RemoveLine, RemoveOutcome
from dcvd.core.domains.domain import Domain
from dcvd.services.context import Context
from dcvd.services.domains import removals
from dcvd.services.domains.bulk import BulkRequest, IdempotencyRecord, new_batch_sizer, run_in_steps
from dcvd.store import domains
from dcvd.store.engine.database import Snapshot, Transaction


class RemoveLineResult(Struct, frozen=True, kw_only=True):
    """What came of a line."""

    line: int
    result: RemoveOutcome


class BulkRemovals:
    """One call, whose lines come in several portions."""

    def __init__(self, context: Context, request: BulkRequest) -> None:
        self._context = context
        self._request = request
        self._idempotency_record = IdempotencyRecord(request, RemoveOutcome)
        self._batch_sizer = new_batch_sizer()
        self._simulated_ids: set[str] = set()

    def remove_lines(self, lines: Sequence[RemoveLine]) -> AsyncIterator[list[RemoveLineResult]]:
        """What came of the next lines of the call, in their order and in portions."""
        return run_in_steps(
            self._context,
            self._request,
            self._batch_sizer,
            lines,
            apply=self._remove,
            simulate=self._simulate,
            refuse=lambda line, error: RemoveLineResult(line=line.number, result=_refused_outcome(line, error)),
        )

    def _remove(self, tx: Transaction, lines: Sequence[RemoveLine]) -> list[RemoveLineResult]:
        context, call = self._context, self._request
        known, rest = self._idempotency_record.recall(tx, lines)
        fresh, going = self._decide(tx, rest)
        if going:
            removals.erase_domains(
                context, tx, call.org_id, going, actor=call.actor, remove_records=call.remove_records
            )
        self._idempotency_record.remember(tx, rest, fresh, context.now())
        outcomes = known | {line.number: outcome for line, outcome in zip(rest, fresh, strict=True)}
        results: list[RemoveLineResult] = []
        for line in lines:
            outcome = outcomes[line.number]
            result = _refused_outcome(line, outcome) if isinstance(outcome, LineRefusal) else outcome
            results.append(RemoveLineResult(line=line.number, result=result))
        return results

    def _simulate(self, snapshot: Snapshot, lines: Sequence[RemoveLine]) -> list[RemoveLineResult]:
        outcomes, going = self._decide(snapshot, lines)
        # What this step would have removed is still there at the next.
        self._simulated_ids.update(domain.id for domain in going)
        return [
            RemoveLineResult(line=line.number, result=outcome) for line, outcome in zip(lines, outcomes, strict=True)
        ]

    def _decide(self, snapshot: Snapshot, lines: Sequence[RemoveLine]) -> tuple[list[RemoveOutcome], list[Domain]]:
        """What comes of each line, the earlier ones considered, and the domains that go."""
        wanted = [line.content for line in lines if isinstance(line.content, DomainReference)]
        by_id = domains.find_by_ids(snapshot, [target.id for target in wanted if target.id is not None])
        by_name = domains.find_by_names(snapshot, [target.name for target in wanted if target.name is not None])
        going: dict[str, Domain] = {}
        outcomes: list[RemoveOutcome] = []
        named = (*by_id.values(), *by_name.values())
        ours = [domain for domain in named if domain.org_id == self._request.org_id]
        left = removals.find_leftovers(snapshot, ours, remove_records=self._request.remove_records)
        for line in lines:
            target = line.content
            if isinstance(target, LineRefusal):
                outcomes.append(_refused_outcome(line, target))
                continue
            domain = by_name.get(target.name) if target.name is not None else by_id.get(target.id or "")
            here = domain is not None and domain.org_id == self._request.org_id
            if domain is None or not here or domain.id in going or domain.id in self._simulated_ids:
                missing = LineRefusal("not_found", f"There is no domain {target.name or target.id}.")
                outcomes.append(_refused_outcome(line, missing))
                continue
            going[domain.id] = domain
            outcomes.append(
                RemoveOutcome(
                    outcome="would_remove" if self._request.dry_run else "removed",
                    name=domain.name,
                    domain_id=domain.id,
                    records=left[domain.id],
                )
            )
        return outcomes, list(going.values())


def _refused_outcome(line: RemoveLine, error: LineRefusal) -> RemoveOutcome:
    return RemoveOutcome(outcome="refused", name=line.name, error=error)
