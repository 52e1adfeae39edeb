"""Members of organizations."""

from typing import Final

from dcvd.core.members import Member, MemberStatus
from dcvd.core.tokens.token import Role
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_MEMBERS: Final = StructTable("members", Member)


def insert(tx: Transaction, member: Member, invite_hash: str | None) -> None:
    """Store a new member, whose address no other of the organization has; None where they have no invitation."""
    tx.execute(_MEMBERS.insert_sql("invite_hash"), (*_MEMBERS.to_row(member), invite_hash))


def get(snapshot: Snapshot, member_id: str) -> Member | None:
    """Get a member by their id, of whichever organization."""
    return _MEMBERS.fetch_one(snapshot, "WHERE id = ?", (member_id,))


def find_by_address(snapshot: Snapshot, org_id: str, address: str) -> Member | None:
    """Find an organization's member with a normalised address."""
    return _MEMBERS.fetch_one(snapshot, "WHERE org_id = ? AND address = ?", (org_id, address))


def find_by_invite(snapshot: Snapshot, invite_hash: str) -> Member | None:
    """Find the member with an open invitation, expired or not."""
    return _MEMBERS.fetch_one(snapshot, "WHERE invite_hash = ?", (invite_hash,))


def list_active_by_address(snapshot: Snapshot, address: str, limit: int) -> list[Member]:
    """List the active members with a normalised address, of every organization."""
    return _MEMBERS.fetch_all(
        snapshot, "WHERE address = ? AND status = 'active' ORDER BY org_id LIMIT ?", (address, limit)
    )


def list_signed_in(snapshot: Snapshot, org_id: str) -> list[Member]:
    """List an organization's active members who have sessions of their own, without a token."""
    return _MEMBERS.fetch_all(
        snapshot,
        "WHERE status = 'active' AND id IN (SELECT member_id FROM sessions WHERE org_id = ? AND member_id IS NOT NULL)",
        (org_id,),
    )


def list_of_org(snapshot: Snapshot, org_id: str, *, before: str | None, limit: int) -> list[Member]:
    """List an organization's members with an id below `before`, newest first."""
    return _MEMBERS.list_of_org(snapshot, org_id, before=before, limit=limit)


def count_of_org(snapshot: Snapshot, org_id: str, limit: int) -> int:
    """Count an organization's members, but no further than `limit`."""
    return _MEMBERS.count_of_org(snapshot, org_id, limit)


def has_other_active_owner(snapshot: Snapshot, org_id: str, member_id: str) -> bool:
    """Whether an organization has an active owner beside this member."""
    row = snapshot.fetch_one(
        "SELECT 1 FROM members WHERE org_id = ? AND status = 'active' AND role = 'owner' AND id <> ? LIMIT 1",
        (org_id, member_id),
    )
    return row is not None


def set_invite(tx: Transaction, member_id: str, invite_hash: str, expires_at: int, now: int) -> None:
    """Store a new invitation in place of an earlier one."""
    tx.execute(
        "UPDATE members SET invite_hash = ?, invite_expires_at = ?, updated_at = ? WHERE id = ?",
        (invite_hash, expires_at, now, member_id),
    )


def confirm(tx: Transaction, member_id: str, now: int) -> None:
    """Store that a member accepted their invitation, which ends with it."""
    tx.execute(
        "UPDATE members SET status = 'active', confirmed_at = ?1, invite_hash = NULL, invite_expires_at = NULL,"
        " updated_at = ?1 WHERE id = ?2",
        (now, member_id),
    )


def change(tx: Transaction, member_id: str, role: Role, status: MemberStatus, now: int, *, ends_invite: bool) -> None:
    """Store a member's role and status, and whether their invitation, if one is open, ends."""
    tx.execute(
        "UPDATE members SET role = ?1, status = ?2, updated_at = ?3, invite_hash = iif(?4, NULL, invite_hash),"
        " invite_expires_at = iif(?4, NULL, invite_expires_at) WHERE id = ?5",
        (role, status, now, ends_invite, member_id),
    )


def delete(tx: Transaction, member_id: str) -> None:
    """Remove a member, who has no tokens any more."""
    tx.execute("DELETE FROM members WHERE id = ?", (member_id,))
