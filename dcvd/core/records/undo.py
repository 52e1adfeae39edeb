"""How what we wrote leaves a zone: by an undo, which puts back what was there, or with its domain."""

from collections.abc import Sequence

from msgspec.structs import replace

from dcvd.core.records.plan import Obstacle, State, Step, at_name, in_the_way, is_value, same, shown
from dcvd.core.records.written_records import WrittenRecord
from dcvd.core.records.zones import Zone, ZoneRecord


def undo(row: WrittenRecord, found: Sequence[ZoneRecord], zone: Zone) -> Step:
    """The step that puts back what stood there before us, if what stands there now is what we wrote."""
    existing = at_name(found, row.name)
    relevant = in_the_way(existing, zone)
    ours = tuple(each for each in relevant if is_value(each, row.ours) and not _among(each, row.before))
    others = [each for each in relevant if each not in ours]
    missing = tuple(replace(each, id=None) for each in row.before if not _among(each, others))
    as_before = all(_among(each, row.before) for each in others)
    if as_before and not ours and not missing:
        return Step(record=row.record, state="done", existing=existing)
    # An undo that was cut off may have taken out our record, and put back some of what was there.
    if (ours and not others) or (row.state == "undoing" and as_before):
        state: State = "replace" if ours else "create"
        return Step(record=row.record, state=state, existing=existing, remove=ours, add=missing)
    found_there = f"stands {shown(relevant)}" if relevant else "stands nothing"
    message = (
        f"At {row.name} {found_there}, not the {row.type} {row.value} that was written: it was changed since, and is"
        " left alone."
    )
    return Step(record=row.record, state="blocked", existing=existing, obstacle=Obstacle("record_changed", message))


def removal(row: WrittenRecord, found: Sequence[ZoneRecord]) -> tuple[ZoneRecord, ...]:
    """Of what stands at a name, what we wrote; whatever else is there stays."""
    return tuple(each for each in at_name(found, row.name) if is_value(each, row.ours))


def _among(record: ZoneRecord, records: Sequence[ZoneRecord]) -> bool:
    return any(same(record, each) for each in records)
