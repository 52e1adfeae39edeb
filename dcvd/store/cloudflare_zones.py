"""What Cloudflare has said about our zone."""

from dcvd.store.engine.transactions import Snapshot, Transaction


def find_delegation_suffix(snapshot: Snapshot, zone_id: str) -> str | None:
    """Find `<uuid>.dcv.cloudflare.com`, the delegation target of our zone; None until Cloudflare names it."""
    return snapshot.fetch_value("SELECT delegation_suffix FROM cloudflare_zones WHERE zone_id = ?", (zone_id,))


def store_delegation_suffix(tx: Transaction, zone_id: str, suffix: str, now: int) -> None:
    """Store the suffix; it changes only when the zone moves to another account."""
    tx.execute(
        "INSERT INTO cloudflare_zones (zone_id, delegation_suffix, updated_at) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (zone_id) DO UPDATE SET delegation_suffix = ?2, updated_at = ?3 WHERE delegation_suffix <> ?2",
        (zone_id, suffix, now),
    )
