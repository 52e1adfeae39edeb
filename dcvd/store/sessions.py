"""Sessions; only the hash of their secret is stored."""

from collections.abc import Collection, Mapping
from typing import Final

from dcvd.core.sessions import Session
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_SESSIONS: Final = StructTable("sessions", Session)


def insert(tx: Transaction, session: Session, secret_hash: str, token_hash: str | None) -> None:
    """Store a new session. token_hash: of the secret with which it began, where it is a token's."""
    tx.execute(_SESSIONS.insert_sql("secret_hash", "token_hash"), (*_SESSIONS.to_row(session), secret_hash, token_hash))


def get(snapshot: Snapshot, session_id: str) -> Session | None:
    """Get a session by its id, of whichever organization, ended or not."""
    return _SESSIONS.fetch_one(snapshot, "WHERE id = ?", (session_id,))


def find_by_hash(snapshot: Snapshot, secret_hash: str) -> tuple[Session, str | None] | None:
    """Find the session whose secret has this hash, ended or not, and the hash of its token's secret, if any."""
    row = snapshot.fetch_one("SELECT id, token_hash FROM sessions WHERE secret_hash = ?", (secret_hash,))
    session = None if row is None else get(snapshot, row[0])
    return None if row is None or session is None else (session, row[1])


def is_stored(snapshot: Snapshot, session_id: str, now: int) -> bool:
    """Whether a session is stored, and has not reached the end that no use puts off."""
    row = snapshot.fetch_one("SELECT 1 FROM sessions WHERE id = ? AND expires_at > ?", (session_id, now))
    return row is not None


def list_all_of_org(snapshot: Snapshot, org_id: str) -> list[Session]:
    """List all sessions of an organization, the newest first; there are few."""
    return _SESSIONS.fetch_all(snapshot, "WHERE org_id = ? ORDER BY id DESC", (org_id,))


def list_of_operators(snapshot: Snapshot) -> list[Session]:
    """List all sessions of operators, the newest first; there are few."""
    return _SESSIONS.fetch_all(snapshot, "WHERE org_id IS NULL ORDER BY id DESC")


def list_of_other_issuers(snapshot: Snapshot, issuer: str) -> list[Session]:
    """List the sessions of members who signed in at another provider than the one with this issuer."""
    return _SESSIONS.fetch_all(snapshot, "WHERE issuer < ?1 OR issuer > ?1", (issuer,))


def list_of_issuer(snapshot: Snapshot, issuer: str) -> list[Session]:
    """List the sessions of members who signed in at the provider with this issuer."""
    return _SESSIONS.fetch_all(snapshot, "WHERE issuer = ?", (issuer,))


def list_of_holder(snapshot: Snapshot, holder: str) -> list[Session]:
    """List all sessions of a token, a member or an operator, the newest first; there are few."""
    return _SESSIONS.fetch_all(snapshot, "WHERE holder = ? ORDER BY id DESC", (holder,))


def list_beyond(snapshot: Snapshot, session: Session, *, of_holder: int, of_org: int) -> list[Session]:
    """List the oldest sessions of whose this one is, and of their organization, behind so many newer ones."""
    return _SESSIONS.fetch_all(
        snapshot,
        "WHERE id IN (SELECT id FROM (SELECT id FROM sessions WHERE holder = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?3)"
        " UNION SELECT id FROM (SELECT id FROM sessions WHERE org_id IS ?2 ORDER BY id DESC LIMIT -1 OFFSET ?4))",
        (session.holder, session.org_id, of_holder, of_org),
    )


def list_ended(snapshot: Snapshot, ended_before: int, unused_since: int, limit: int) -> list[Session]:
    """List some of the sessions that ended before an instant, or were last used before another one."""
    ended = _SESSIONS.fetch_all(snapshot, "WHERE expires_at < ? LIMIT ?", (ended_before, limit))
    unused = _SESSIONS.fetch_all(
        snapshot, "WHERE last_used_at < ? AND expires_at >= ? LIMIT ?", (unused_since, ended_before, limit)
    )
    return [*ended, *unused][:limit]


def touch(tx: Transaction, used_at: Mapping[str, int]) -> None:
    """Store when sessions were last used, by their ids."""
    tx.execute_many(
        "UPDATE sessions SET last_used_at = ? WHERE id = ?", [(at, session_id) for session_id, at in used_at.items()]
    )


def shorten_beyond(tx: Transaction, after_id: str, latest_end: int, latest_end_of_operators: int, now: int) -> int:
    """Let sessions with ids after one end at the latest end of their kind, if they would end later; return how many."""
    return tx.execute(
        "UPDATE sessions SET expires_at = iif(org_id IS NULL, ?3, ?2), last_used_at = min(last_used_at, ?4)"
        " WHERE id > ?1 AND expires_at > iif(org_id IS NULL, ?3, ?2)",
        (after_id, latest_end, latest_end_of_operators, now),
    )


def delete_all(tx: Transaction, session_ids: Collection[str]) -> None:
    """Remove sessions."""
    tx.execute("DELETE FROM sessions WHERE id IN (SELECT value FROM json_each(?))", (encode_list(session_ids),))


def follow_rotation(tx: Transaction, token_id: str, previous_expires_at: int | None) -> None:
    """Have the sessions of a token end with the secrets with which they began, once it has a new one.

    previous_expires_at: when the secret before that one ends; None where it has ended.
    """
    tx.execute(
        "DELETE FROM sessions WHERE token_id = ?1 AND token_hash NOT IN"
        " (SELECT token_hash FROM api_tokens WHERE id = ?1"
        " UNION ALL SELECT previous_hash FROM api_tokens WHERE id = ?1 AND previous_hash IS NOT NULL)",
        (token_id,),
    )
    if previous_expires_at is not None:
        tx.execute(
            "UPDATE sessions SET expires_at = ?2 WHERE token_id = ?1 AND expires_at > ?2",
            (token_id, previous_expires_at),
        )


def delete_of_member(tx: Transaction, member_id: str) -> None:
    """Remove the sessions of a member, and of their tokens."""
    tx.execute(
        "DELETE FROM sessions WHERE member_id = ?1"
        " OR token_id IN (SELECT id FROM api_tokens WHERE api_tokens.member_id = ?1)",
        (member_id,),
    )


def delete_of_org(tx: Transaction, org_id: str) -> None:
    """Remove the sessions of an organization."""
    tx.execute("DELETE FROM sessions WHERE org_id = ?", (org_id,))


def delete_everybodys(tx: Transaction) -> None:
    """Remove all sessions, those of operators too."""
    tx.execute("DELETE FROM sessions WHERE expires_at > 0")
