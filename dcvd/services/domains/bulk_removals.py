"""Remove many domains by one call."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from msgspec import Struct

from dcvd.core.domains.bulk import DomainReference, Line, LineRefusal, RemoveLine, RemoveOutcome
from dcvd.core.domains.domain import Domain
from dcvd.services import reach
from dcvd.services.context import Context
from dcvd.services.domains.bulk import BulkRequest, IdempotencyRecord, new_batch_sizer, run_in_steps
from dcvd.services.lifecycle import claim_endings
from dcvd.store import domains
from dcvd.store.engine.transactions import Snapshot, Transaction


class RemoveLineResult(Struct, frozen=True, kw_only=True):
    """The result of a line."""

    line: int
    result: RemoveOutcome


class BulkRemovals:
    """One call that removes domains; its lines arrive in several portions."""

    def __init__(self, context: Context, request: BulkRequest) -> None:
        self._context = context
        self._request = request
        self._idempotency_record = IdempotencyRecord(context, request, RemoveOutcome, _refused_outcome)
        self._batch_sizer = new_batch_sizer()
        self._simulated_ids: set[str] = set()

    def remove_lines(self, lines: Sequence[RemoveLine]) -> AsyncIterator[list[RemoveLineResult]]:
        """Remove the next lines of the call, and yield the results in order, portion by portion."""
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
        context, request = self._context, self._request

        def apply(new_lines: Sequence[RemoveLine]) -> list[RemoveOutcome]:
            outcomes, removed_domains = self._decide(tx, new_lines)
            if removed_domains:
                claim_endings.erase_domains(
                    context,
                    tx,
                    request.org_id,
                    removed_domains,
                    actor=request.actor,
                    remove_records=request.remove_records,
                )
            return outcomes

        return _to_results(lines, self._idempotency_record.complete(tx, lines, apply))

    def _simulate(self, snapshot: Snapshot, lines: Sequence[RemoveLine]) -> list[RemoveLineResult]:
        outcomes, removed_domains = self._decide(snapshot, lines)
        # A dry run removes nothing, so the domains that this step would have removed have to be remembered here.
        self._simulated_ids.update(domain.id for domain in removed_domains)
        return _to_results(lines, outcomes)

    def _decide(self, snapshot: Snapshot, lines: Sequence[RemoveLine]) -> tuple[list[RemoveOutcome], list[Domain]]:
        """Decide the outcome of each line in order; return the outcomes, and the domains that are to be removed."""
        references = [line.content for line in lines if isinstance(line.content, DomainReference)]
        by_id = domains.find_by_ids(snapshot, [reference.id for reference in references if reference.id is not None])
        by_name = domains.find_owned_by_names(
            snapshot,
            self._request.org_id,
            [reference.name for reference in references if reference.name is not None],
        )
        removed_domains: dict[str, Domain] = {}
        outcomes: list[RemoveOutcome] = []
        domains_found = (*by_id.values(), *by_name.values())
        owned_domains = [domain for domain in domains_found if domain.org_id == self._request.org_id]
        leftovers = claim_endings.find_leftovers(snapshot, owned_domains, remove_records=self._request.remove_records)
        for line in lines:
            reference = line.content
            if isinstance(reference, LineRefusal):
                outcomes.append(_refused_outcome(line, reference))
                continue
            domain = by_name.get(reference.name) if reference.name is not None else by_id.get(reference.id or "")
            is_owned = (
                domain is not None
                and domain.org_id == self._request.org_id
                and reach.covers(self._context, domain.id, domain.name)
            )
            if domain is None or not is_owned or domain.id in removed_domains or domain.id in self._simulated_ids:
                refusal = LineRefusal("not_found", f"There is no domain {reference.name or reference.id}.")
                outcomes.append(_refused_outcome(line, refusal))
                continue
            removed_domains[domain.id] = domain
            outcomes.append(
                RemoveOutcome(
                    outcome="would_remove" if self._request.dry_run else "removed",
                    name=domain.name,
                    domain_id=domain.id,
                    records=leftovers[domain.id],
                )
            )
        return outcomes, list(removed_domains.values())


def _to_results(lines: Sequence[RemoveLine], outcomes: Sequence[RemoveOutcome]) -> list[RemoveLineResult]:
    return [RemoveLineResult(line=line.number, result=outcome) for line, outcome in zip(lines, outcomes, strict=True)]


def _refused_outcome(line: Line[Any], error: LineRefusal) -> RemoveOutcome:
    return RemoveOutcome(outcome="refused", name=line.name, error=error)
