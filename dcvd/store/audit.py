"""The audit's entries and the ends of its chains. Triggers refuse what changes or removes an entry by itself."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple

from dcvd.core.audit import DAEMON_CHAIN, FIRST_HASH, AuditAction, AuditChain, AuditEntry
from dcvd.store.engine.paging import HIGHEST_KEY
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_ENTRIES: Final = StructTable("audit_entries", AuditEntry)
_CHAINS: Final = StructTable("audit_chains", AuditChain)
_LAST: Final = 1 << 62
_NEWEST: Final = (
    "FROM audit_entries INDEXED BY audit_entries_by_age WHERE occurred_at >= ?"
    " AND (occurred_at, org_id, sequence) < (?, ?, ?) ORDER BY occurred_at DESC, org_id DESC, sequence DESC"
)
"""Entries of all chains from an instant on and behind a position, newest first."""


class AuditPosition(Struct, frozen=True, order=True):
    """Where a list of all chains from new to old goes on: behind the entry with these values, or at its beginning."""

    occurred_at: int = _LAST
    org_id: str = HIGHEST_KEY
    sequence: int = _LAST


class AuditFilters(Struct, frozen=True, kw_only=True):
    """The conditions of a list; None is no condition. Instants in milliseconds, `until` excluded.

    org_id: the chain's, for lists of all chains.
    """

    org_id: str | None = None
    actor: str | None = None
    action: AuditAction | None = None
    object_id: str | None = None
    since: int | None = None
    until: int | None = None

    @property
    def are_examined(self) -> bool:
        """Whether entries of a chain have to be read to know whether they meet them."""
        return any(value is not None for value in (self.actor, self.action, self.object_id, self.since, self.until))

    def matches(self, entry: AuditEntry) -> bool:
        """Whether an entry meets all of them."""
        return (
            self.org_id in (None, entry.org_id)
            and self.actor in (None, entry.actor)
            and self.action in (None, entry.action)
            and self.object_id in (None, entry.object_id)
            and (self.since is None or entry.occurred_at >= self.since)
            and (self.until is None or entry.occurred_at < self.until)
        )


def get_chain(snapshot: Snapshot, org_id: str) -> AuditChain:
    """Get the ends of a chain, which may have no entry yet."""
    return _CHAINS.fetch_one(snapshot, "WHERE org_id = ?", (org_id,)) or AuditChain(org_id=org_id)


def read_end(snapshot: Snapshot, org_id: str) -> tuple[int, bytes]:
    """Read the number and the hash of a chain's last entry; before the first, what a new chain begins with."""
    row = snapshot.fetch_one("SELECT last_sequence, last_hash FROM audit_chains WHERE org_id = ?", (org_id,))
    return (0, FIRST_HASH) if row is None else (row[0], row[1])


def list_chains(snapshot: Snapshot, *, after: str | None, limit: int) -> list[AuditChain]:
    """List chains by their organizations behind one; None begins with the first, which is the daemon's own."""
    if after is None:
        return [get_chain(snapshot, DAEMON_CHAIN), *list_chains(snapshot, after=DAEMON_CHAIN, limit=limit - 1)]
    return _CHAINS.fetch_all(snapshot, "WHERE org_id > ? ORDER BY org_id LIMIT ?", (after, limit))


def list_without_chain(snapshot: Snapshot) -> list[str]:
    """List the organizations whose entries have no chain, which only somebody who removed it leaves so."""
    found: list[str] = []
    org_id: str | None = DAEMON_CHAIN
    while org_id is not None:
        sql = "SELECT org_id FROM audit_entries WHERE org_id > ? ORDER BY org_id LIMIT 1"
        org_id = snapshot.fetch_value(sql, (org_id,))
        if org_id is not None and get_chain(snapshot, org_id).last_sequence == 0:
            found.append(org_id)
    return found


def append(tx: Transaction, entries: Sequence[AuditEntry]) -> None:
    """Store new entries behind the last one of their chain, whose end a trigger moves."""
    _ENTRIES.insert_all(tx, entries)


def list_forward(snapshot: Snapshot, org_id: str, *, after: int, limit: int) -> list[AuditEntry]:
    """List a chain's entries numbered above `after`, in order."""
    return _ENTRIES.fetch_all(
        snapshot, "WHERE org_id = ? AND sequence > ? ORDER BY sequence LIMIT ?", (org_id, after, limit)
    )


def list_backward(snapshot: Snapshot, org_id: str, *, before: int, limit: int) -> list[AuditEntry]:
    """List a chain's entries numbered below `before`, newest first."""
    return _ENTRIES.fetch_all(
        snapshot, "WHERE org_id = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?", (org_id, before, limit)
    )


def list_of_all(
    snapshot: Snapshot, filters: AuditFilters, *, before: AuditPosition, limit: int, max_examined: int
) -> list[AuditEntry]:
    """List the entries of all chains behind a position that meet the filters, newest first, out of the next ones."""
    since, start = _bound(filters, before)
    given = [
        (column, value)
        for column, value in (
            ("org_id", filters.org_id),
            ("actor", filters.actor),
            ("action", filters.action),
            ("object_id", filters.object_id),
        )
        if value is not None
    ]
    conditions = " AND ".join(f"{column} = ?" for column, _ in given) or "true"
    rows = _ENTRIES.fetch_all(
        snapshot,
        "WHERE (org_id, sequence) IN (SELECT org_id, sequence FROM"
        f" (SELECT org_id, sequence, actor, action, object_id {_NEWEST} LIMIT ?) WHERE {conditions} LIMIT ?)",
        (since, *start, max_examined, *(value for _, value in given), limit),
    )
    return sorted(rows, key=position_of, reverse=True)


def find_examined_end(
    snapshot: Snapshot, filters: AuditFilters, *, before: AuditPosition, max_examined: int
) -> AuditPosition | None:
    """Find the last of the entries that `list_of_all` examines; None where there are not so many."""
    since, start = _bound(filters, before)
    row = snapshot.fetch_one(
        f"SELECT occurred_at, org_id, sequence {_NEWEST} LIMIT 1 OFFSET ?", (since, *start, max_examined - 1)
    )
    return None if row is None else AuditPosition(*row)


def position_of(entry: AuditEntry) -> AuditPosition:
    """Return the place of an entry among those of all chains."""
    return AuditPosition(entry.occurred_at, entry.org_id, entry.sequence)


def _bound(filters: AuditFilters, before: AuditPosition) -> tuple[int, tuple[int, str, int]]:
    end = _LAST if filters.until is None else filters.until
    start = min(before, AuditPosition(end, "", 0))
    return (0 if filters.since is None else filters.since), astuple(start)


def delete_old(tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove up to `limit` of the entries from before an instant, from the beginnings of their chains; return how many.

    The chain begins behind them then, with the hash of the last of them.
    """
    count = 0
    # Only chains whose beginnings are old: one that begins with a later instant keeps what stands behind it, and must
    # not hide the others.
    org_ids = tx.fetch_column(
        "SELECT audit_chains.org_id FROM audit_chains CROSS JOIN audit_entries e"
        " ON e.org_id = audit_chains.org_id AND e.sequence = first_sequence WHERE e.occurred_at < ? LIMIT ?",
        (cutoff_at, limit),
    )
    for org_id in org_ids:
        oldest = list_forward(tx, org_id, after=0, limit=limit - count)
        # A clock that was set back may have put an older instant behind a later one: a chain has no gaps.
        ended = next((at for at, entry in enumerate(oldest) if entry.occurred_at >= cutoff_at), len(oldest))
        if ended:
            last = oldest[ended - 1]
            tx.execute(
                "UPDATE audit_chains SET first_sequence = ?, hash_before = ? WHERE org_id = ?",
                (last.sequence + 1, last.hash, org_id),
            )
            tx.execute("DELETE FROM audit_entries WHERE org_id = ? AND sequence <= ?", (org_id, last.sequence))
            count += ended
        if count >= limit:
            break
    return count
