"""Many domains added by one call."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.domains.additions import Addition
from dcvd.core.domains.bulk import Adding, AddLine, AddOutcome, Refusal, refusal
from dcvd.core.domains.domain import Domain
from dcvd.core.lifecycle.registration_queue import Place
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.domains.additions import Verdict
from dcvd.services.domains.bulk import Call, Memory, in_steps, new_pace
from dcvd.services.lifecycle import registration_queue
from dcvd.services.lifecycle.registration_queue import Walk
from dcvd.store import domains
from dcvd.store.engine.database import Snapshot, Transaction

_EXISTS: Final = "domain_exists"


class Added(Struct, frozen=True, kw_only=True):
    """What came of a line. `domain` is None also where it was removed since, `place` also where Cloudflare has it."""

    line: int
    outcome: Adding
    name: str | None
    domain_id: str | None = None
    domain: Domain | None = None
    place: Place | None = None
    error: Refusal | None = None


class BulkAdditions:
    """One call, whose lines come in several portions."""

    def __init__(self, context: Context, call: Call) -> None:
        self._context = context
        self._call = call
        self._memory = Memory(call, AddOutcome)
        self._pace = new_pace()
        self._walk = Walk()
        self._rehearsed: set[str] = set()

    def take(self, lines: Sequence[AddLine]) -> AsyncIterator[list[Added]]:
        """What came of the next lines of the call, in their order and in portions."""
        return in_steps(
            self._context,
            self._call,
            self._pace,
            lines,
            work=self._add,
            rehearse=self._rehearse,
            refuse=lambda line, error: Added(line=line.number, outcome="refused", name=line.name, error=error),
        )

    def _add(self, tx: Transaction, lines: Sequence[AddLine]) -> list[Added]:
        context, call = self._context, self._call
        known, rest = self._memory.recall(tx, lines)
        verdicts = self._judged(tx, rest)
        new = [verdict.domain for verdict in verdicts.values() if verdict.error is None and verdict.domain is not None]
        places: dict[str, Place] = {}
        if new:
            registrations = additions.store(context, tx, call.org_id, new, actor=call.actor)
            places = self._walk.places(context, tx, registrations)
        fresh = [_outcome(line, verdicts.get(line.number)) for line in rest]
        self._memory.remember(tx, rest, fresh, context.now())
        outcomes = known | {line.number: outcome for line, outcome in zip(rest, fresh, strict=True)}
        found = {verdict.domain.id: verdict.domain for verdict in verdicts.values() if verdict.domain is not None}
        return _shown(context, tx, lines, outcomes, found, places)

    def _rehearse(self, snapshot: Snapshot, lines: Sequence[AddLine]) -> list[Added]:
        verdicts = self._judged(snapshot, lines)
        results: list[Added] = []
        for line in lines:
            verdict = verdicts.get(line.number)
            outcome = _outcome(line, verdict)
            # What this call would have added is not stored: it has no id, and has to be remembered.
            repeated = outcome.name is not None and outcome.name in self._rehearsed
            if outcome.outcome == "refused":
                added = Added(line=line.number, outcome="refused", name=outcome.name, error=outcome.error)
            elif repeated:
                added = Added(line=line.number, outcome="exists", name=outcome.name)
            elif outcome.outcome == "exists" and verdict is not None:
                added = Added(
                    line=line.number,
                    outcome="exists",
                    name=outcome.name,
                    domain_id=outcome.domain_id,
                    domain=verdict.domain,
                )
            else:
                self._rehearsed.add(outcome.name or "")
                added = Added(line=line.number, outcome="would_create", name=outcome.name)
            results.append(added)
        return results

    def _judged(self, snapshot: Snapshot, lines: Sequence[AddLine]) -> dict[int, Verdict]:
        """By the numbers of the lines that say what to add."""
        wanted = [(line.number, line.wanted) for line in lines if isinstance(line.wanted, Addition)]
        verdicts = additions.judge(self._context, snapshot, self._call.org_id, [addition for _, addition in wanted])
        return {number: verdict for (number, _), verdict in zip(wanted, verdicts, strict=True)}


def _outcome(line: AddLine, verdict: Verdict | None) -> AddOutcome:
    if isinstance(line.wanted, Refusal):
        return AddOutcome(outcome="refused", name=line.name, error=line.wanted)
    assert verdict is not None, "every addition was judged"
    name, error, domain = line.wanted.name, verdict.error, verdict.domain
    if domain is not None and (error is None or error.code == _EXISTS):
        return AddOutcome(outcome="created" if error is None else "exists", name=name, domain_id=domain.id)
    assert error is not None, "a verdict has a domain or an error"
    return AddOutcome(outcome="refused", name=name, error=refusal(error))


def _shown(
    context: Context,
    tx: Snapshot,
    lines: Sequence[AddLine],
    outcomes: Mapping[int, AddOutcome | Refusal],
    found: dict[str, Domain],
    places: dict[str, Place],
) -> list[Added]:
    """With the domains as they are now; `found` and `places` are what is known of them already."""
    named = {outcome.domain_id for outcome in outcomes.values() if isinstance(outcome, AddOutcome)}
    missing = [domain_id for domain_id in named if domain_id is not None and domain_id not in found]
    if missing:
        found = found | domains.by_ids(tx, missing)
    unplaced = [domain for domain in found.values() if domain.id not in places]
    if unplaced:
        places = places | registration_queue.places(context, tx, unplaced)
    results: list[Added] = []
    for line in lines:
        outcome = outcomes[line.number]
        if isinstance(outcome, Refusal):
            results.append(Added(line=line.number, outcome="refused", name=line.name, error=outcome))
            continue
        domain_id = outcome.domain_id
        results.append(
            Added(
                line=line.number,
                outcome=outcome.outcome,
                name=outcome.name,
                domain_id=domain_id,
                domain=None if domain_id is None else found.get(domain_id),
                place=None if domain_id is None else places.get(domain_id),
                error=outcome.error,
            )
        )
    return results
