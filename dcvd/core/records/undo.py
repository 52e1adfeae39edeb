"""Removal of the records that we wrote: by an undo, which restores the earlier records, or with the domain."""

from collections.abc import Sequence

from msgspec.structs import replace

from dcvd.core.records.plan import (
    Obstacle,
    PlanStep,
    StepState,
    describe_records,
    is_among,
    is_cname_to,
    select_at_name,
    select_conflicting,
)
from dcvd.core.records.written_records import WrittenRecord
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.sentences.wording import word


def plan_undo(written: WrittenRecord, provider_records: Sequence[ZoneRecord], zone: Zone) -> PlanStep:
    """Plan the step that restores the earlier records, if the record that we wrote is still unchanged."""
    existing = select_at_name(provider_records, written.name)
    conflicting = select_conflicting(existing, zone)
    ours = tuple(
        each for each in conflicting if is_cname_to(each, written.our_values) and not is_among(each, written.before)
    )
    others = [each for each in conflicting if each not in ours]
    missing = tuple(replace(each, id=None) for each in written.before if not is_among(each, others))
    as_before = all(is_among(each, written.before) for each in others)
    if as_before and not ours and not missing:
        return PlanStep(record=written.record, state="done", existing_records=existing)
    # An interrupted change may have removed the earlier records or ours already, or restored some of the earlier ones.
    if (ours and not others) or (written.state != "written" and as_before):
        state: StepState = "replace" if ours else "create"
        return PlanStep(record=written.record, state=state, existing_records=existing, to_remove=ours, to_add=missing)
    ours_then = {"name": written.name, "type": written.type, "value": written.value}
    wording = (
        word("record_changed_since", records=describe_records(conflicting), **ours_then)
        if conflicting
        else word("record_gone_since", **ours_then)
    )
    return PlanStep(
        record=written.record, state="blocked", existing_records=existing, obstacle=Obstacle("record_changed", wording)
    )


def select_ours(written: WrittenRecord, provider_records: Sequence[ZoneRecord]) -> tuple[ZoneRecord, ...]:
    """Select the records at a name that we wrote; all others stay."""
    return tuple(
        each for each in select_at_name(provider_records, written.name) if is_cname_to(each, written.our_values)
    )
