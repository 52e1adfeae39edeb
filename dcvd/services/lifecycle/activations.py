"""How long it took until a domain was active for the first time: announced with the commit that makes it so."""

from msgspec import Struct

from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.events import EventType
from dcvd.core.instants import Milliseconds
from dcvd.store import events
from dcvd.store.engine.transactions import Topic, Transaction


class Activation(Struct, frozen=True):
    """The time from a domain's addition to its activation, and from its last `dns.verified`, where there was one."""

    since_addition_ms: Milliseconds
    since_verification_ms: Milliseconds | None


def announce_first(tx: Transaction, before: Domain, after: Domain, now: int) -> None:
    """Announce with this transaction that a domain has become active, unless it had a certificate before."""
    is_first = after.status is DomainStatus.ACTIVE is not before.status and before.latest_expires_at is None
    if not is_first:
        return
    verified_at = events.find_last_at(tx, after.id, EventType.DNS_VERIFIED)
    verified = "" if verified_at is None else now - verified_at
    tx.announce(Topic.ACTIVATIONS, f"{after.id} {now - after.created_at} {verified}")


def parse_announcement(key: str) -> Activation:
    """Return what was announced."""
    _, since_addition, since_verification = key.split(" ")
    return Activation(int(since_addition), int(since_verification) if since_verification else None)
