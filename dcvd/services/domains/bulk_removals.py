"""Many domains removed by one call."""

from collections.abc import AsyncIterator, Sequence

from msgspec import Struct

from dcvd.core.domains.bulk import Refusal, RemoveLine, RemoveOutcome, Target
from dcvd.core.domains.domain import Domain
from dcvd.services.context import Context
from dcvd.services.domains import removals
from dcvd.services.domains.bulk import Call, Memory, in_steps, new_pace
from dcvd.store import domains
from dcvd.store.engine.database import Snapshot, Transaction


class Removed(Struct, frozen=True, kw_only=True):
    """What came of a line."""

    line: int
    result: RemoveOutcome


class BulkRemovals:
    """One call, whose lines come in several portions."""

    def __init__(self, context: Context, call: Call) -> None:
        self._context = context
        self._call = call
        self._memory = Memory(call, RemoveOutcome)
        self._pace = new_pace()
        self._rehearsed: set[str] = set()

    def take(self, lines: Sequence[RemoveLine]) -> AsyncIterator[list[Removed]]:
        """What came of the next lines of the call, in their order and in portions."""
        return in_steps(
            self._context,
            self._call,
            self._pace,
            lines,
            work=self._remove,
            rehearse=self._rehearse,
            refuse=lambda line, error: Removed(line=line.number, result=_refused(line, error)),
        )

    def _remove(self, tx: Transaction, lines: Sequence[RemoveLine]) -> list[Removed]:
        context, call = self._context, self._call
        known, rest = self._memory.recall(tx, lines)
        fresh, going = self._decided(tx, rest)
        if going:
            removals.erase(context, tx, call.org_id, going, actor=call.actor, remove_records=call.remove_records)
        self._memory.remember(tx, rest, fresh, context.now())
        outcomes = known | {line.number: outcome for line, outcome in zip(rest, fresh, strict=True)}
        results: list[Removed] = []
        for line in lines:
            outcome = outcomes[line.number]
            result = _refused(line, outcome) if isinstance(outcome, Refusal) else outcome
            results.append(Removed(line=line.number, result=result))
        return results

    def _rehearse(self, snapshot: Snapshot, lines: Sequence[RemoveLine]) -> list[Removed]:
        outcomes, going = self._decided(snapshot, lines)
        # What this step would have removed is still there at the next.
        self._rehearsed.update(domain.id for domain in going)
        return [Removed(line=line.number, result=outcome) for line, outcome in zip(lines, outcomes, strict=True)]

    def _decided(self, snapshot: Snapshot, lines: Sequence[RemoveLine]) -> tuple[list[RemoveOutcome], list[Domain]]:
        """What comes of each line, the earlier ones considered, and the domains that go."""
        wanted = [line.wanted for line in lines if isinstance(line.wanted, Target)]
        by_id = domains.by_ids(snapshot, [target.id for target in wanted if target.id is not None])
        by_name = domains.by_names(snapshot, [target.name for target in wanted if target.name is not None])
        going: dict[str, Domain] = {}
        outcomes: list[RemoveOutcome] = []
        named = (*by_id.values(), *by_name.values())
        ours = [domain for domain in named if domain.org_id == self._call.org_id]
        left = removals.leftovers(snapshot, ours, remove_records=self._call.remove_records)
        for line in lines:
            target = line.wanted
            if isinstance(target, Refusal):
                outcomes.append(_refused(line, target))
                continue
            domain = by_name.get(target.name) if target.name is not None else by_id.get(target.id or "")
            here = domain is not None and domain.org_id == self._call.org_id
            if domain is None or not here or domain.id in going or domain.id in self._rehearsed:
                missing = Refusal("not_found", f"There is no domain {target.name or target.id}.")
                outcomes.append(_refused(line, missing))
                continue
            going[domain.id] = domain
            outcomes.append(
                RemoveOutcome(
                    outcome="would_remove" if self._call.dry_run else "removed",
                    name=domain.name,
                    domain_id=domain.id,
                    records=left[domain.id],
                )
            )
        return outcomes, list(going.values())


def _refused(line: RemoveLine, error: Refusal) -> RemoveOutcome:
    return RemoveOutcome(outcome="refused", name=line.name, error=error)
