"""Records that we wrote into customers' zones, and what is needed to undo them."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from dcvd.core.domains.domain import Domain, LeftoverRecord, Record
from dcvd.core.domains.typed_records import find_zone, required_records_to_type
from dcvd.core.records.plan import PlanStep, is_among
from dcvd.core.records.zones import ZoneRecord


class WrittenRecord(Struct, frozen=True, kw_only=True):
    """A record that we wrote. It is stored before the provider is called, so that no crash loses the old records.

    connection_id: the connection through which it was written; None where that was removed. zone: the zone's name.
    replaced: our earlier value, which this one replaces.
    before: the records that existed before ours. state: in `writing` and `undoing` the provider may or may not have
        made the change yet.
    written_at, orphaned_at: milliseconds; `orphaned_at` is when the domain was removed.
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
        """The record as a person types it."""
        return Record(self.type, self.name, self.value)

    @property
    def our_values(self) -> frozenset[str]:
        """The values that we may have written: the present one and the one that it replaces."""
        return frozenset({self.value} if self.replaced is None else {self.value, self.replaced})


def connection_id_of(domain: Domain, written_records: Sequence[WrittenRecord]) -> str | None:
    """Return the id of the connection that can remove a domain's written records; None where it was removed."""
    return next((row.connection_id for row in written_records if row.connection_id is not None), domain.connection_id)


def our_values_of(written: WrittenRecord | None) -> frozenset[str]:
    """Return the values that we may have written; none for a record that we never wrote."""
    return frozenset() if written is None else written.our_values


def records_to_restore(written: WrittenRecord | None, step: PlanStep) -> tuple[ZoneRecord, ...]:
    """Return the records that an undo has to restore after a step: those that existed before ours.

    An update of our own value does not change them. After a step that a crash interrupted, they are the stored ones;
    where the customer has changed the record since, they are the customer's present ones.
    """
    ours = our_values_of(written)
    foreign = tuple(each for each in step.to_remove if each.type != step.record.type or each.value not in ours)
    if written is None:
        return foreign
    if not foreign:
        return written.before
    interrupted = written.state != "written" and all(is_among(each, written.before) for each in foreign)
    return written.before if interrupted else foreign


def leftover_records(
    domain: Domain, written_records: Sequence[WrittenRecord], *, being_removed: bool
) -> tuple[LeftoverRecord, ...]:
    """Return the records that a removed domain leaves in DNS: the required ones, and those that we wrote.

    Where a value of ours was about to replace another, either may stand there.

    being_removed: whether the records that we wrote are being removed.
    """
    written = dict.fromkeys(
        Record(row.type, row.name, value) for row in written_records for value in sorted(row.our_values)
    )
    typed = [
        Record(each.type, each.name, each.value)
        for each in required_records_to_type(domain)
        if each.value is not None and each.is_possible
    ]
    records = dict.fromkeys((*typed, *written))
    zone = find_zone(domain)
    return tuple(
        LeftoverRecord(
            type=record.type,
            name=record.name,
            value=record.value,
            zone=zone,
            written_by_us=record in written,
            being_removed=being_removed and record in written,
        )
        for record in records
    )
