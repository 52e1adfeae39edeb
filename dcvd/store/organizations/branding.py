"""How organizations look, and their logos."""

from typing import Final

from msgspec import Struct

from dcvd.core.branding.branding import Branding
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_BRANDINGS: Final = StructTable("brandings", Branding)


class Logo(Struct, frozen=True, kw_only=True):
    """An image as it is served, and where it came from."""

    media_type: str
    content: bytes
    source_url: str


def get(snapshot: Snapshot, org_id: str) -> Branding:
    """Get an organization's branding, in which nothing is set at first."""
    return _BRANDINGS.fetch_one(snapshot, "WHERE org_id = ?", (org_id,)) or Branding()


def put(tx: Transaction, org_id: str, branding: Branding, now: int) -> None:
    """Store an organization's branding."""
    tx.execute("DELETE FROM brandings WHERE org_id = ?", (org_id,))
    tx.execute(_BRANDINGS.insert_sql("org_id", "updated_at"), (*_BRANDINGS.to_row(branding), org_id, now))


def replace_logo(tx: Transaction, org_id: str, logo_id: str, logo: Logo, now: int) -> None:
    """Store a logo in place of the one that the organization had."""
    remove_logo(tx, org_id)
    tx.execute(
        "INSERT INTO logos (id, org_id, media_type, content, source_url, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (logo_id, org_id, logo.media_type, logo.content, logo.source_url, now),
    )


def remove_logo(tx: Transaction, org_id: str) -> None:
    """Remove an organization's logo, if it has one."""
    tx.execute("DELETE FROM logos WHERE org_id = ?", (org_id,))


def find_logo(snapshot: Snapshot, logo_id: str) -> Logo | None:
    """Find a logo by its unguessable name."""
    row = snapshot.fetch_one("SELECT media_type, content, source_url FROM logos WHERE id = ?", (logo_id,))
    return None if row is None else Logo(media_type=row[0], content=row[1], source_url=row[2])
