"""A plan for a domain's records as JSON."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dcvd.api.domains.view import ErrorView
from dcvd.api.jobs.view import JobView, job_view
from dcvd.core.jobs import Job
from dcvd.core.records.plan import DnsPlan, State, Step
from dcvd.core.records.zones import ZoneRecord
from dcvd.core.text import printable

_MOST_SHOWN: Final = 50
_LONGEST_SHOWN: Final = 255


class ZoneRecordView(Struct, frozen=True):
    """A record of the zone; `ttl` in seconds, null where the provider chooses it."""

    type: str
    value: str
    ttl: int | None


class PlannedRecordView(Struct, frozen=True, kw_only=True):
    """What becomes of one record: what stands at its name, what is taken out of that, and what is put in.

    `done`: nothing is to be done. `create`: it is added. `replace`: it takes the place of what is in the way, which is
    kept for an undo; or an undo puts that back. `blocked`: nothing is done, for the `reason`.
    """

    type: str
    name: str
    value: str
    state: State
    existing: list[ZoneRecordView]
    remove: list[ZoneRecordView]
    add: list[ZoneRecordView]
    reason: ErrorView | None


class PlanView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The records of a domain in their zone at the provider. One whose value is not known yet is not among them: it is
    written as soon as it is."""

    connection_id: str
    zone: str
    records: list[PlannedRecordView]


class PlanAnswer(Struct, frozen=True):
    plan: PlanView


class WriteAnswer(Struct, frozen=True):
    """The plan, and the job that carries it out."""

    plan: PlanView
    job: JobView


def plan_answer(plan: DnsPlan) -> PlanAnswer:
    """A plan alone."""
    return PlanAnswer(_plan(plan))


def write_answer(plan: DnsPlan, job: Job) -> WriteAnswer:
    """A plan and its job."""
    return WriteAnswer(plan=_plan(plan), job=job_view(job))


def _plan(plan: DnsPlan) -> PlanView:
    return PlanView(connection_id=plan.connection_id, zone=plan.zone, records=[_record(step) for step in plan.steps])


def _record(step: Step) -> PlannedRecordView:
    obstacle = step.obstacle
    return PlannedRecordView(
        type=step.record.type,
        name=step.record.name,
        value=step.record.value,
        state=step.state,
        existing=_shown(step.existing),
        remove=_shown(step.remove),
        add=_shown(step.add),
        reason=None if obstacle is None else ErrorView(obstacle.code, obstacle.message),
    )


def _shown(records: Sequence[ZoneRecord]) -> list[ZoneRecordView]:
    return [
        ZoneRecordView(record.type, printable(record.value)[:_LONGEST_SHOWN], record.ttl)
        for record in records[:_MOST_SHOWN]
    ]
