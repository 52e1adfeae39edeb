"""Organizations: the tenants."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from dcvd.core.epochs import sequence_before
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.organizations.status import OrganizationStatus
from dcvd.store import epochs
from dcvd.store.engine.json_text import encode_json, encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Row, Snapshot, Transaction


class Organization(Struct, frozen=True, kw_only=True):
    """A tenant; `created_at` in milliseconds."""

    id: str
    name: str
    created_at: int
    status: OrganizationStatus = OrganizationStatus.ACTIVE


class Remembered(Struct, frozen=True, kw_only=True):
    """What is kept of an organization's bulk calls, so that repeated ones get the same answer."""

    lines: int
    bytes: int


_ORGANIZATIONS: Final = StructTable("organizations", Organization)
_QUOTAS: Final = msgspec.json.Decoder(dict[str, int])
_OPERATOR_NAME: Final = ""
"""The name in the operator's row, which no organization can have: a name is never empty."""


def insert_operator(tx: Transaction, now: int) -> None:
    """Store the operator's row, where it is not there yet."""
    if not has_operator(tx):
        insert(tx, Organization(id=OPERATOR_ORG_ID, name=_OPERATOR_NAME, created_at=now))
        # A restored backup may be older than the row, whose numbers were used by then.
        sequence = sequence_before(epochs.read_last(tx))
        tx.execute("UPDATE organizations SET last_sequence = ? WHERE id = ?", (sequence, OPERATOR_ORG_ID))


def has_operator(snapshot: Snapshot) -> bool:
    """Whether the operator's row is there, so that events are also kept for the operator's programs."""
    return snapshot.share("SELECT 1 FROM organizations WHERE id = ?", (OPERATOR_ORG_ID,), bool)


def insert(tx: Transaction, organization: Organization) -> None:
    """Store a new organization."""
    _ORGANIZATIONS.insert_all(tx, [organization])


def find(snapshot: Snapshot, id_or_name: str) -> Organization | None:
    """Find an organization by its id, else by its exact name."""
    if id_or_name in (OPERATOR_ORG_ID, _OPERATOR_NAME):
        return None
    return _ORGANIZATIONS.fetch_one(snapshot, "WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC LIMIT 1", (id_or_name,))


def list_all(snapshot: Snapshot) -> list[Organization]:
    """List every organization by name; there are few, so there are no pages."""
    return _ORGANIZATIONS.fetch_all(snapshot, "WHERE id <> ? ORDER BY name", (OPERATOR_ORG_ID,))


def list_page(snapshot: Snapshot, *, after: str | None, limit: int) -> list[Organization]:
    """List organizations with a name behind `after`, by name."""
    return _ORGANIZATIONS.fetch_all(
        snapshot, "WHERE name > ? AND id <> ? ORDER BY name LIMIT ?", (after or _OPERATOR_NAME, OPERATOR_ORG_ID, limit)
    )


def read_names(snapshot: Snapshot, ids: Collection[str]) -> dict[str, str]:
    """Read the names of those of the organizations that exist, by their ids."""
    rows = snapshot.fetch_all(
        "SELECT id, name FROM organizations WHERE id IN (SELECT value FROM json_each(?))", (encode_list(ids),)
    )
    return {row[0]: row[1] for row in rows}


def rename(tx: Transaction, org_id: str, name: str) -> None:
    """Store another name of an organization, which no other has."""
    tx.execute("UPDATE organizations SET name = ? WHERE id = ?", (name, org_id))


def read_status(snapshot: Snapshot, org_id: str) -> OrganizationStatus:
    """Read the status of an organization that exists."""
    status = snapshot.fetch_value("SELECT status FROM organizations WHERE id = ?", (org_id,))
    assert status is not None, f"no organization {org_id}"
    return OrganizationStatus(status)


def list_deleting(snapshot: Snapshot) -> list[str]:
    """List the ids of the organizations that are being deleted; few are at a time."""
    return snapshot.fetch_column("SELECT id FROM organizations WHERE status = 'deleting' ORDER BY id")


def delete(tx: Transaction, org_id: str) -> None:
    """Delete an organization's row, and with it by cascade what is left of its own."""
    tx.execute("DELETE FROM organizations WHERE id = ?", (org_id,))


def set_status(tx: Transaction, org_id: str, status: OrganizationStatus) -> None:
    """Store the status of an organization."""
    tx.execute("UPDATE organizations SET status = ? WHERE id = ?", (status, org_id))


def read_quota_overrides(snapshot: Snapshot, org_id: str) -> Mapping[str, int]:
    """Read the quotas in which an organization differs from what the operator configured, by name."""
    return snapshot.share("SELECT quotas FROM organizations WHERE id = ?", (org_id,), _decode_quotas)


def _decode_quotas(rows: Sequence[Row]) -> Mapping[str, int]:
    return {} if not rows or rows[0][0] is None else _QUOTAS.decode(rows[0][0])


def set_quota_overrides(tx: Transaction, org_id: str, overrides: Mapping[str, int]) -> None:
    """Store the quotas in which an organization differs."""
    text = encode_json(overrides) if overrides else None
    tx.execute("UPDATE organizations SET quotas = ? WHERE id = ?", (text, org_id))


def read_remembered(snapshot: Snapshot, org_id: str) -> Remembered:
    """Read how much of an organization's bulk calls is remembered; triggers of `bulk_lines` keep count."""
    row = snapshot.fetch_one("SELECT remembered_lines, remembered_bytes FROM organizations WHERE id = ?", (org_id,))
    lines, size = row or (0, 0)
    return Remembered(lines=lines, bytes=size)


def read_last_sequence(snapshot: Snapshot, org_id: str) -> int:
    """Read the number of the newest event; 0 before the first."""
    return snapshot.fetch_count("SELECT last_sequence FROM organizations WHERE id = ?", (org_id,))


def read_forgotten_sequence(snapshot: Snapshot, org_id: str) -> int:
    """Read the number up to which events are past their retention, though some may still be stored; 0 at first."""
    return snapshot.fetch_count("SELECT forgotten_sequence FROM organizations WHERE id = ?", (org_id,))


def forget_events(tx: Transaction, org_id: str, sequence: int) -> None:
    """Store that events up to a number are past their retention."""
    tx.execute(
        "UPDATE organizations SET forgotten_sequence = max(forgotten_sequence, ?) WHERE id = ?", (sequence, org_id)
    )


def allocate_sequences(tx: Transaction, org_id: str, count: int) -> range:
    """Allocate an organization's next `count` event numbers; without a gap, as the events commit with them.

    Only the first number of an epoch follows on none, see `dcvd.core.epochs`.
    """
    row = tx.fetch_one(
        "UPDATE organizations SET last_sequence = last_sequence + ? WHERE id = ? RETURNING last_sequence",
        (count, org_id),
    )
    assert row is not None, f"no organization {org_id}"
    return range(row[0] - count + 1, row[0] + 1)
