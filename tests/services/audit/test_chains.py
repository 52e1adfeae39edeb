"""The chains of the audit: nothing in them is changed or removed unseen."""

import sqlite3
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.audit import AuditAction, AuditChain, AuditDraft, AuditEntry, ChainFault, ChainVerifier, compute_hash
from dcvd.core.instants import DAY
from dcvd.errors import StoreError
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.store import audit as store
from dcvd.store.audit import AuditFilters
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock

COPY = (
    "INTO audit_entries SELECT id, org_id, {}, 1, 'x', action, object_id, address, request_id, before, after, hash"
    " FROM audit_entries WHERE sequence = 1"
)


async def write(context: Context, org_id: str | None, count: int = 1) -> None:
    for number in range(count):
        await context.database.write(
            lambda tx, number=number: audit.record(  # type: ignore[misc]
                context, tx, org_id, AuditAction.DOMAIN_ADDED, f"dom_{number}", after={"n": number}
            )
        )


async def faults(context: Context) -> list[ChainFault]:
    results = await context.database.read(lambda snapshot: list(audit.verify_chains(snapshot)))
    return [fault for _, _, fault in results if fault is not None]


def tampering(sql: str) -> Callable[[sqlite3.Connection], object]:
    """Somebody who has the file, and takes out what would refuse it."""

    def work(connection: sqlite3.Connection) -> None:
        for trigger in ("audit_entries_stay", "audit_entries_are_kept", "audit_chains_stay", "audit_chains_move"):
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(sql)

    return work


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_entries SET actor = 'token:other' WHERE sequence = 3",
        "UPDATE audit_entries SET after = '{}' WHERE sequence = 3",
        "UPDATE audit_entries SET occurred_at = 1 WHERE sequence = 3",
        "DELETE FROM audit_entries WHERE sequence = 3",
        "DELETE FROM audit_entries WHERE sequence = 2",
        "DELETE FROM audit_entries WHERE sequence = 6",
        "DELETE FROM audit_entries",
        "UPDATE audit_chains SET first_sequence = 3",
        "UPDATE audit_chains SET last_sequence = 5",
        "DELETE FROM audit_chains",
    ],
)
async def test_whatever_is_changed_or_taken_out_shows(context: Context, organization: Organization, sql: str) -> None:
    await write(context, organization.id, 5)
    assert await faults(context) == []
    await context.database.maintain(tampering(sql))
    (fault, *_) = await faults(context)
    assert fault.org_id == organization.id


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM audit_chains",
        "UPDATE audit_chains SET first_sequence = 99",
        "UPDATE audit_chains SET first_sequence = 2",
        "UPDATE audit_chains SET last_sequence = 1",
        "UPDATE audit_chains SET last_hash = zeroblob(32)",
        "UPDATE audit_chains SET hash_before = zeroblob(32)",
        "UPDATE audit_chains SET org_id = 'other'",
        "INSERT OR REPLACE INTO audit_chains SELECT org_id, 3, last_hash, 2, last_hash FROM audit_chains",
        "REPLACE INTO audit_chains SELECT * FROM audit_chains",
        "INSERT INTO audit_chains VALUES ('other', 4, zeroblob(32), 3, zeroblob(32))",
    ],
)
async def test_the_ends_of_a_chain_only_follow_its_entries(
    context: Context, organization: Organization, sql: str
) -> None:
    await write(context, organization.id, 2)
    with pytest.raises(StoreError, match="audit chain"):
        await context.database.maintain(lambda connection: connection.execute(sql))
    assert await faults(context) == []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_entries SET actor = 'x'",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_entries WHERE sequence = 1",
        "INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE sequence = 1",
        f"REPLACE {COPY.format(2)}",
        "UPDATE OR REPLACE audit_entries SET sequence = 1 WHERE sequence = 2",
        f"INSERT {COPY.format(9)}",
        f"INSERT {COPY.format(0)}",
    ],
)
async def test_an_entry_is_neither_changed_nor_removed_nor_replaced_nor_put_elsewhere(
    context: Context, organization: Organization, sql: str
) -> None:
    await write(context, organization.id, 2)
    with pytest.raises(StoreError, match="an audit entry is"):
        await context.database.maintain(lambda connection: connection.execute(sql))
    assert await faults(context) == []


async def test_each_organization_has_a_chain_of_its_own(
    context: Context, organization: Organization, rival: Organization
) -> None:
    before = {
        chain.org_id: chain.last_sequence
        for chain in await context.database.read(lambda snapshot: store.list_chains(snapshot, after=None, limit=9))
    }
    await write(context, organization.id, 2)
    await write(context, rival.id, 1)
    await write(context, None, 3)
    after = {
        chain.org_id: chain.last_sequence - before.get(chain.org_id, 0)
        for chain in await context.database.read(lambda snapshot: store.list_chains(snapshot, after=None, limit=9))
    }
    assert after == {"": 3, organization.id: 2, rival.id: 1}
    assert await faults(context) == []


async def test_a_unit_that_fails_leaves_no_entry_and_no_gap(context: Context, organization: Organization) -> None:
    def fail(tx: object) -> None:
        audit.record(context, tx, organization.id, AuditAction.ZONE_ADDED, "zone_x")  # type: ignore[arg-type]
        raise ValueError("afterwards")

    await write(context, organization.id)
    with pytest.raises(ValueError, match="afterwards"):
        await context.database.write(fail)
    await write(context, organization.id)
    entries = await context.database.read(
        lambda snapshot: store.list_forward(snapshot, organization.id, after=0, limit=99)
    )
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert all(entry.action != "zone.added" for entry in entries)
    assert await faults(context) == []


async def test_retention_takes_out_the_oldest_and_the_chain_begins_behind_them(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    await write(context, organization.id, 3)
    await write(context, None, 2)
    clock.advance(DAY)
    await write(context, organization.id, 2)
    count = await context.database.write(lambda tx: store.delete_old(tx, clock.now(), 2))
    assert count == 2
    assert await faults(context) == []
    while await context.database.write(lambda tx: store.delete_old(tx, clock.now(), 2)):
        pass
    assert await faults(context) == []
    left = await context.database.read(
        lambda snapshot: store.list_forward(snapshot, organization.id, after=0, limit=99)
    )
    assert [entry.after for entry in left] == ['{"n":0}', '{"n":1}']
    await context.database.maintain(tampering(f"DELETE FROM audit_entries WHERE id = '{left[0].id}'"))
    assert [fault.sequence for fault in await faults(context)] == [left[0].sequence]


async def test_a_chain_that_begins_with_a_later_instant_keeps_no_other_from_its_retention(
    context: Context, organization: Organization, rival: Organization, clock: ManualClock
) -> None:
    """Its first entries were written while the clock ran ahead."""
    await context.database.write(lambda tx: store.delete_old(tx, clock.now() + DAY, 100))
    now = clock.now()
    clock.advance(10 * DAY)
    await write(context, organization.id)
    clock.set(now)
    await write(context, organization.id, 5)
    await write(context, rival.id, 2)
    clock.advance(DAY)
    assert await context.database.write(lambda tx: store.delete_old(tx, clock.now(), 3)) == 2
    assert await context.database.write(lambda tx: store.delete_old(tx, clock.now(), 3)) == 0
    assert await faults(context) == []


def _chain(count: int) -> tuple[AuditChain, list[AuditEntry]]:
    chain, entries = AuditChain(org_id="org_1"), []
    for sequence in range(1, count + 1):
        bare = AuditEntry(
            id=f"aud_{sequence}",
            org_id="org_1",
            sequence=sequence,
            occurred_at=sequence,
            actor="daemon",
            action="domain.added",
            object_id="dom_1",
            address=None,
            request_id=None,
            before=None,
            after=None,
            hash=b"",
        )
        entry = replace(bare, hash=compute_hash(chain.last_hash, bare))
        chain = replace(chain, last_sequence=sequence, last_hash=entry.hash)
        entries.append(entry)
    return chain, entries


async def test_an_object_is_found_in_a_chain_that_is_longer_than_a_page_examines(
    context: Context, organization: Organization
) -> None:
    drafts = [AuditDraft(action=AuditAction.DOMAIN_ADDED, object_id=f"dom_{number}") for number in range(4_500)]
    await context.database.write(lambda tx: audit.record_all(context, tx, organization.id, drafts))
    filters, cursor, pages = AuditFilters(object_id="dom_1"), None, list[list[str | None]]()
    while not pages or cursor is not None:
        page = await audit.list_page(context, organization.id, filters, cursor=cursor, limit=10)
        pages.append([entry.object_id for entry in page.items])
        cursor = page.next_cursor
    assert pages == [[], [], ["dom_1"]]
    assert await faults(context) == []


_MEMBERS = st.sampled_from(["id", "actor", "action", "object_id", "address", "request_id", "before", "after"])


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(count=st.integers(1, 12), data=st.data())
def test_any_one_member_of_any_one_entry_that_was_changed_shows(count: int, data: st.DataObject) -> None:
    chain, entries = _chain(count)
    at, member = data.draw(st.integers(0, count - 1)), data.draw(_MEMBERS)
    value = data.draw(st.text(max_size=5).filter(lambda text: text != getattr(entries[at], member)))
    changed = [*entries[:at], replace(entries[at], **{member: value}), *entries[at + 1 :]]
    for shown, is_sound in ((entries, True), (changed, False), (entries[:at] + entries[at + 1 :], False)):
        verifier = ChainVerifier(chain)
        found = [fault for entry in shown if (fault := verifier.feed(entry)) is not None]
        assert (not found and verifier.end() is None) is is_sound
