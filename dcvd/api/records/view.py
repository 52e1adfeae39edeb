"""A plan for a domain's records as JSON."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dcvd.api.domains.finding_view import ErrorView
from dcvd.api.jobs.view import JobView
from dcvd.core.records.plan import DnsPlan, PlanStep, StepState
from dcvd.core.records.zones import ZoneRecord
from dcvd.core.text import make_printable
from dcvd.http.answers.views import build_view

_MAX_RECORDS: Final = 50
_MAX_VALUE_LENGTH: Final = 255


class ZoneRecordView(Struct, frozen=True):
    """A record of the zone; `ttl` is in seconds, null if the provider chooses it."""

    type: str
    value: str
    ttl: int | None


class PlannedRecordView(Struct, frozen=True, kw_only=True):
    """The plan for one record: what exists at its name, what of that is removed, and what is added.

    `done`: there is nothing to do. `create`: it is added. `replace`: it replaces what is in the way, which is kept for
    an undo; or an undo puts that back. `blocked`: nothing is done, for the `reason`.
    """

    type: str
    name: str
    value: str
    status: StepState
    existing: list[ZoneRecordView]
    remove: list[ZoneRecordView]
    add: list[ZoneRecordView]
    reason: ErrorView | None


class PlanView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The plan for a domain's records in their zone at the provider.

    A record whose value is not known yet is not listed; it is written as soon as the value is known.
    """

    connection_id: str
    zone: str
    records: list[PlannedRecordView]


class PlanAnswer(Struct, frozen=True):
    plan: PlanView


class WriteAnswer(Struct, frozen=True):
    """The plan, and the job that carries it out."""

    plan: PlanView
    job: JobView


def plan_view(plan: DnsPlan) -> PlanView:
    """Show a plan."""
    return PlanView(
        connection_id=plan.connection_id, zone=plan.zone, records=[_planned_record_view(step) for step in plan.steps]
    )


def _planned_record_view(step: PlanStep) -> PlannedRecordView:
    return PlannedRecordView(
        type=step.record.type,
        name=step.record.name,
        value=step.record.value,
        status=step.state,
        existing=_zone_record_views(step.existing_records),
        remove=_zone_record_views(step.to_remove),
        add=_zone_record_views(step.to_add),
        reason=None if step.obstacle is None else build_view(ErrorView, step.obstacle),
    )


def _zone_record_views(records: Sequence[ZoneRecord]) -> list[ZoneRecordView]:
    return [
        ZoneRecordView(record.type, make_printable(record.value)[:_MAX_VALUE_LENGTH], record.ttl)
        for record in records[:_MAX_RECORDS]
    ]
