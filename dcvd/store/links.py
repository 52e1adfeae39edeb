"""Links; only the hash of their token is stored."""

from collections.abc import Collection, Mapping
from typing import Final

from dcvd.core.links import Link, LinkStatus
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.paging import HIGHEST_KEY
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_LINKS: Final = StructTable("links", Link)
_STATUS_CONDITIONS: Final = {LinkStatus.ACTIVE: "expires_at > ?", LinkStatus.EXPIRED: "expires_at <= ?"}


def insert(tx: Transaction, link: Link, token_hash: str) -> None:
    """Store a new link."""
    tx.execute(_LINKS.insert_sql("token_hash"), (*_LINKS.to_row(link), token_hash))


def get(snapshot: Snapshot, link_id: str) -> Link | None:
    """Get a link by its id, of whichever organization, expired or not."""
    return _LINKS.fetch_one(snapshot, "WHERE id = ?", (link_id,))


def find_by_hash(snapshot: Snapshot, token_hash: str) -> Link | None:
    """Find the link whose token has this hash, expired or not."""
    return _LINKS.fetch_one(snapshot, "WHERE token_hash = ?", (token_hash,))


def list_of_org(
    snapshot: Snapshot,
    org_id: str,
    now: int,
    *,
    domain_id: str | None = None,
    status: LinkStatus | None = None,
    before: str | None = None,
    limit: int,
) -> list[Link]:
    """List an organization's links with an id below `before`, newest first: those for one domain, or of one status."""
    conditions: dict[str, object] = {"org_id = ?": org_id, "id < ?": before or HIGHEST_KEY}
    if domain_id is not None:
        conditions["domain_id = ?"] = domain_id
    if status is not None:
        conditions[_STATUS_CONDITIONS[status]] = now
    return _LINKS.fetch_all(
        snapshot, f"WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?", (*conditions.values(), limit)
    )


def list_live_of_org(snapshot: Snapshot, org_id: str, now: int) -> list[Link]:
    """List an organization's links that have not expired, of which a quota allows few."""
    return _LINKS.fetch_all(snapshot, "WHERE org_id = ? AND expires_at > ?", (org_id, now))


def list_of_member(snapshot: Snapshot, member_id: str) -> list[Link]:
    """List the links that a member's tokens made."""
    return _LINKS.fetch_all(snapshot, "WHERE member_id = ?", (member_id,))


def list_minted_by(snapshot: Snapshot, token_ids: Collection[str]) -> list[Link]:
    """List the links that any of these tokens made."""
    return _LINKS.fetch_all(snapshot, "WHERE minted_by IN (SELECT value FROM json_each(?))", (encode_list(token_ids),))


def count_live_of_org(snapshot: Snapshot, org_id: str, now: int, limit: int) -> int:
    """Count an organization's links that have not expired, but no further than `limit`."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM (SELECT 1 FROM links WHERE org_id = ? AND expires_at > ? LIMIT ?)", (org_id, now, limit)
    )


def set_domain(tx: Transaction, link_id: str, domain_id: str) -> None:
    """Store the domain that was added by a link, which is for that one from then on."""
    tx.execute("UPDATE links SET domain_id = ? WHERE id = ?", (domain_id, link_id))


def bequeath(tx: Transaction, token_id: str, heir_id: str | None) -> None:
    """Put the links that a token made below another token; None: below none."""
    tx.execute("UPDATE links SET minted_by = ? WHERE minted_by = ?", (heir_id, token_id))


def touch(tx: Transaction, used_at: Mapping[str, int]) -> None:
    """Store when links were last used, by their ids."""
    tx.execute_many(
        "UPDATE links SET last_used_at = ? WHERE id = ?", [(at, link_id) for link_id, at in used_at.items()]
    )


def delete_all(tx: Transaction, link_ids: Collection[str]) -> None:
    """Remove links."""
    tx.execute("DELETE FROM links WHERE id IN (SELECT value FROM json_each(?))", (encode_list(link_ids),))


def list_expired(snapshot: Snapshot, cutoff_at: int, limit: int) -> list[Link]:
    """List some of the links that expired before an instant."""
    return _LINKS.fetch_all(snapshot, "WHERE expires_at < ? LIMIT ?", (cutoff_at, limit))


def list_expired_of_org(snapshot: Snapshot, org_id: str, now: int, *, beyond: int, limit: int) -> list[Link]:
    """List some of an organization's links that have expired, but for the `beyond` latest ones."""
    return _LINKS.fetch_all(
        snapshot,
        "WHERE org_id = ? AND expires_at <= ? ORDER BY expires_at DESC LIMIT ? OFFSET ?",
        (org_id, now, limit, beyond),
    )
