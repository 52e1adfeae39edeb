"""What it takes to have a record in a zone, and to undo it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.domains.domain import Record
from dcvd.core.records.plan import RECORD_IN_THE_WAY, PlanStep, is_same_record, plan_record
from dcvd.core.records.undo import plan_undo, select_ours
from dcvd.core.records.written_records import WrittenRecord, our_values_of, records_to_restore
from dcvd.core.records.zones import Zone, ZoneRecord

NAME = "app.customer.test"
TARGET = "edge.saas.test"
WANTED = Record("CNAME", NAME, TARGET)
ZONE = Zone(id="z", name="customer.test")

_NAMES = st.sampled_from([NAME, f"www.{NAME}", "customer.test", "other.test"])
_RECORDS = st.builds(
    ZoneRecord,
    type=st.sampled_from(["A", "AAAA", "CNAME", "TXT", "MX", "NS", "DNAME", "RRSIG"]),
    name=_NAMES,
    value=st.sampled_from([TARGET, "old.saas.test", "192.0.2.1", "192.0.2.2"]),
    ttl=st.none() | st.integers(60, 3600),
    id=st.none() | st.sampled_from(["1", "2"]),
)
_FOUND = st.lists(_RECORDS, max_size=6, unique_by=lambda record: (record.type, record.name, record.value))
_OURS = st.frozensets(st.sampled_from(["old.saas.test"]))


def standing(kind: str, value: str, name: str = NAME) -> ZoneRecord:
    return ZoneRecord(type=kind, name=name, value=value)


def applied(found: list[ZoneRecord], step: PlanStep) -> list[ZoneRecord]:
    """The zone after a step."""
    return [each for each in found if each not in step.to_remove] + list(step.to_add)


def written(step: PlanStep, row: WrittenRecord | None = None) -> WrittenRecord:
    """The row of a step that was done."""
    return WrittenRecord(
        id="rec_1",
        org_id="org_1",
        domain_id="dom_1",
        connection_id="conn_1",
        zone=ZONE.name,
        type=step.record.type,
        name=step.record.name,
        value=step.record.value,
        before=records_to_restore(row, step),
        state="written",
        written_at=0,
    )


def test_a_free_name_gets_its_record() -> None:
    step = plan_record(WANTED, [standing("A", "192.0.2.1", "www.customer.test")], ZONE)
    assert (step.state, step.existing_records, step.to_remove) == ("create", (), ())
    assert [each.value for each in step.to_add] == [TARGET]


def test_a_record_that_is_there_is_done_also_beside_its_signature() -> None:
    step = plan_record(WANTED, [standing("CNAME", TARGET), standing("RRSIG", "CNAME 13 3 …")], ZONE)
    assert (step.state, step.to_remove, step.to_add) == ("done", (), ())


def test_another_record_is_in_the_way_until_it_may_be_replaced() -> None:
    found = [standing("A", "192.0.2.1"), standing("AAAA", "2001:db8::1")]
    step = plan_record(WANTED, found, ZONE)
    assert step.state == "blocked"
    assert step.obstacle is not None
    assert step.obstacle.code == RECORD_IN_THE_WAY
    assert "A 192.0.2.1, AAAA 2001:db8::1" in step.obstacle.message
    assert '"replace": true' in step.obstacle.message
    assert plan_record(WANTED, found, ZONE, replace=True).to_remove == tuple(found)


def test_what_we_wrote_makes_way_by_itself() -> None:
    step = plan_record(WANTED, [standing("CNAME", "old.saas.test")], ZONE, our_values={"old.saas.test"})
    assert (step.state, [each.value for each in step.to_remove]) == ("replace", ["old.saas.test"])


@pytest.mark.parametrize(
    ("name", "found", "code"),
    [
        ("customer.test", [], "cname_at_apex"),
        ("app.customer.test.example", [], "zone_not_found"),
        ("appcustomer.test", [], "zone_not_found"),
        (NAME, [standing("NS", "ns1.elsewhere.test")], "delegated_elsewhere"),
        (NAME, [standing("DNAME", "elsewhere.test")], "delegated_elsewhere"),
        (NAME, [standing("A", "192.0.2.1"), standing("MX", "10 mx.elsewhere.test")], "mail_in_the_way"),
        (NAME, [standing("TXT", f"text {number}") for number in range(51)], "too_many_records"),
        (NAME, [standing("TXT", "x" * 40_000)], "too_many_records"),
    ],
)
def test_against_some_things_no_replace_helps(name: str, found: list[ZoneRecord], code: str) -> None:
    step = plan_record(Record("CNAME", name, TARGET), found, ZONE, replace=True)
    assert (step.state, step.to_remove, step.to_add) == ("blocked", (), ())
    assert step.obstacle is not None
    assert step.obstacle.code == code
    assert len(step.obstacle.message) < 500


def test_a_flattened_apex_keeps_its_mail_and_its_name_servers() -> None:
    apex = [standing(kind, kind, ZONE.name) for kind in ("SOA", "NS", "MX", "TXT", "A")]
    wanted, flattening = Record("CNAME", ZONE.name, TARGET), replace(ZONE, flattens_apex=True)
    assert plan_record(wanted, apex, flattening).state == "blocked"
    assert [each.type for each in plan_record(wanted, apex, flattening, replace=True).to_remove] == ["A"]


@given(_FOUND, st.booleans(), _OURS, st.booleans())
def test_no_step_touches_another_name_or_adds_anything_but_what_is_wanted(
    found: list[ZoneRecord], may_replace: bool, ours: frozenset[str], flattens: bool
) -> None:
    step = plan_record(WANTED, found, replace(ZONE, flattens_apex=flattens), replace=may_replace, our_values=ours)
    assert all(each.name == NAME for each in (*step.to_remove, *step.to_add, *step.existing_records))
    assert all((each.type, each.value) == ("CNAME", TARGET) for each in step.to_add)
    assert all(each in found and each.type not in ("NS", "DNAME", "RRSIG") for each in step.to_remove)
    if not may_replace:
        assert all(each.type == "CNAME" and each.value in ours for each in step.to_remove)
    if step.state == "blocked":
        assert not step.to_remove + step.to_add


@given(_FOUND, st.booleans(), _OURS)
def test_a_step_that_was_done_leaves_nothing_to_do(
    found: list[ZoneRecord], may_replace: bool, ours: frozenset[str]
) -> None:
    step = plan_record(WANTED, found, ZONE, replace=may_replace, our_values=ours)
    if step.state != "blocked":
        assert plan_record(WANTED, applied(found, step), ZONE).state == "done"


@given(_FOUND)
def test_a_replacement_and_its_undo_leave_the_zone_as_it_was(found: list[ZoneRecord]) -> None:
    step = plan_record(WANTED, found, ZONE, replace=True)
    if step.state not in ("create", "replace"):
        return
    row, after = written(step), applied(found, step)
    back = plan_undo(row, after, ZONE)
    assert back.obstacle is None
    restored = applied(after, back)
    keys = {(each.type, each.name, each.value) for each in restored}
    # A CNAME of the same value beside others, which no provider takes, is the one thing that goes.
    assert keys == {(each.type, each.name, each.value) for each in found} - (
        set() if step.to_add else {("CNAME", NAME, TARGET)}
    )
    assert plan_undo(row, restored, ZONE).state == "done"


@given(_FOUND, st.integers(0, 6), st.integers(0, 6))
def test_a_step_that_was_cut_off_anywhere_loses_nothing_of_what_was_there(
    found: list[ZoneRecord], removed: int, restored: int
) -> None:
    step = plan_record(WANTED, found, ZONE, replace=True)
    if step.state not in ("create", "replace"):
        return
    row = replace(written(step), state="writing")
    half = [each for each in found if each not in step.to_remove[:removed]]
    again = plan_record(WANTED, half, ZONE, replace=True, our_values=our_values_of(row))
    row = replace(row, before=records_to_restore(row, again)) if again.state != "done" else row
    assert row.before == written(step).before
    row, whole = replace(row, state="undoing"), applied(half, again)
    back = plan_undo(row, whole, ZONE)
    cut = replace(back, to_add=back.to_add[:restored])
    final = plan_undo(row, applied(whole, cut), ZONE)
    assert final.obstacle is None
    assert all(any(is_same_record(each, kept) for kept in applied(applied(whole, cut), final)) for each in row.before)


def test_an_undo_leaves_alone_what_was_changed_since() -> None:
    row = written(plan_record(WANTED, [standing("A", "192.0.2.1")], ZONE, replace=True))
    for found in ([standing("CNAME", "elsewhere.test")], [standing("CNAME", TARGET), standing("TXT", "new")], []):
        step = plan_undo(row, found, ZONE)
        assert (step.state, step.to_remove, step.to_add) == ("blocked", (), ())
        assert step.obstacle is not None
        assert step.obstacle.code == "record_changed"


def test_what_the_customer_made_of_the_record_since_is_what_an_undo_puts_back() -> None:
    first = written(plan_record(WANTED, [standing("A", "192.0.2.1")], ZONE, replace=True))
    second = plan_record(WANTED, [standing("A", "192.0.2.9")], ZONE, replace=True, our_values=first.our_values)
    assert [each.value for each in records_to_restore(first, second)] == ["192.0.2.9"]


def test_an_update_of_our_own_value_keeps_what_was_there_before_us() -> None:
    first = written(plan_record(WANTED, [standing("A", "192.0.2.1")], ZONE, replace=True))
    moved = plan_record(
        Record("CNAME", NAME, "new.saas.test"), [standing("CNAME", TARGET)], ZONE, our_values=first.our_values
    )
    assert [each.value for each in records_to_restore(first, moved)] == ["192.0.2.1"]


@given(_FOUND)
def test_a_removal_takes_out_what_we_wrote_and_nothing_else(found: list[ZoneRecord]) -> None:
    row = replace(written(plan_record(WANTED, [], ZONE)), replaced="old.saas.test")
    for each in select_ours(row, found):
        assert (each.type, each.name) == ("CNAME", NAME)
        assert each.value in (TARGET, "old.saas.test")
