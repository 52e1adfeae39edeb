"""Records that we wrote into a customer's zone, and what has to be known to undo it."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from dcvd.core.domains.domain import Domain, LeftoverRecord, Record, records_to_remove
from dcvd.core.records.plan import PlanStep, is_same_record
from dcvd.core.records.zones import ZoneRecord


class WrittenRecord(Struct, frozen=True, kw_only=True):
    """A record of ours. It is stored before the provider is asked, so that no crash loses what stood there.

    connection_id: what it was written through; None where that connection was removed. zone: the zone's name.
    replaced: the value of ours that stood there until this one was to be written.
    before: what stood there before us. state: `writing` and `undoing` say that nobody knows yet whether it is done.
    written_at, orphaned_at: milliseconds; the second is when its domain was removed.
    """

    id: str
    org_id: str
    domain_id: str
    connection_id: str | None
    zone: str
    type: str
    name: str
    value: str
    replaced: str | None = None
    before: tuple[ZoneRecord, ...] = ()
    state: Literal["writing", "written", "undoing"] = "writing"
    written_at: int
    orphaned_at: int | None = None

    @property
    def record(self) -> Record:
        """As a person types it."""
        return Record(self.type, self.name, self.value)

    @property
    def our_values(self) -> frozenset[str]:
        """Every value that may stand there by us."""
        return frozenset({self.value} if self.replaced is None else {self.value, self.replaced})


def connection_id_of(domain: Domain, written_records: Sequence[WrittenRecord]) -> str | None:
    """Through which connection what was written for a domain can be taken out; None where that was removed."""
    return next((row.connection_id for row in written_records if row.connection_id is not None), domain.connection_id)


def our_values_of(written: WrittenRecord | None) -> frozenset[str]:
    """The values that may stand there by us; of a record that we never wrote none."""
    return frozenset() if written is None else written.our_values


def records_to_restore(written: WrittenRecord | None, step: PlanStep) -> tuple[ZoneRecord, ...]:
    """What an undo has to put back once a step is done: what stood there before us.

    An update of our own value changes nothing of it. Where a crash may have cut a step off half way, what it took out
    is known from then; where the customer has changed the record since, what he made of it counts.
    """
    ours = our_values_of(written)
    foreign = tuple(each for each in step.to_remove if each.type != step.record.type or each.value not in ours)
    if written is None:
        return foreign
    if not foreign:
        return written.before
    interrupted = written.state != "written" and all(
        any(is_same_record(each, kept) for kept in written.before) for each in foreign
    )
    return written.before if interrupted else foreign


def leftover_records(
    domain: Domain, written_records: Sequence[WrittenRecord], *, being_removed: bool
) -> tuple[LeftoverRecord, ...]:
    """What stays in DNS when a domain goes: what was required, and what we wrote.

    being_removed: whether what we wrote is being taken out.
    """
    written = dict.fromkeys(row.record for row in written_records)
    records = dict.fromkeys((*records_to_remove(domain), *written))
    return tuple(
        LeftoverRecord(
            type=record.type,
            name=record.name,
            value=record.value,
            written_by_us=record in written,
            being_removed=being_removed and record in written,
        )
        for record in records
    )
