"""Databases for the sync bench: any number of healthy domains that are what a sandbox's preloaded hostnames say."""

import sqlite3
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.domain import Domain, DomainStatus, new_domain
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import DAY
from dcvd.core.lifecycle import transitions
from dcvd.core.tokens.token import Role
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.tokens import minting
from dcvd.store import domains
from dcvd.store.engine.database import Database

_TARGET: Final = "edge.sandbox.test"
_STRIDE: Final = 7_919
"""Prime: neighbours in time are far apart in the file, as they are after a few days of looks."""


async def fill(path: Path, size: int, seen: CloudflareHostname) -> str:
    """A new database of `size` domains whose looks are all a day ahead; the plain text of its owner's token.

    seen: what Cloudflare says of the first hostname.
    """
    database = await Database.open(path)
    context = Context(database, Live(Config()))
    org = await organizations.create(context, "bench")
    minted = await minting.create(context, org.id, name="bench", role=Role.OWNER, expires_at=None)
    first = _healthy(context, org.id, seen)
    await database.write(lambda tx: domains.insert_all(tx, [first]))
    await database.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    columns = [row[1] for row in connection.execute("PRAGMA table_info(domains)")]
    own = {
        "id": "printf('dom_%026d', n)",
        "name": "'n' || n || '.customer.test'",
        "cf_id": "printf('00000000-0000-4000-8000-%012x', n + 1)",
    }
    values = ", ".join(own.get(column, column) for column in columns)
    connection.execute(
        f"WITH RECURSIVE few (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM few WHERE n < ?)"
        f" INSERT INTO domains ({', '.join(columns)}) SELECT {values} FROM few, domains WHERE id = ?",
        (size - 1, first.id),
    )
    connection.close()
    return minted.plaintext.reveal()


def make_due(path: Path, part: float, now: int) -> int:
    """Make a part of the domains due, in an order that has nothing to do with where they lie; returns how many."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    ((size,),) = connection.execute("SELECT count(*) FROM domains").fetchall()
    due: int = round(size * part)
    place = f"(CAST(substr(id, 5) AS INTEGER) * {_STRIDE}) % {size}"
    connection.execute(f"UPDATE domains SET next_sync_at = ? - {place} WHERE {place} < ?", (now, due))
    connection.close()
    return due


def _healthy(context: Context, org_id: str, seen: CloudflareHostname) -> Domain:
    now = context.now()
    domain = new_domain(
        domain_id=f"dom_{0:026d}", org_id=org_id, name=seen.hostname, cname_target=_TARGET, now=now - DAY
    )
    facts = DnsFacts(hostname=domain.name, target=_TARGET, outcome="answered", exists=True, chain=(_TARGET,))
    looked = transitions.apply_check(domain, [DnsObservation(facts), seen], now, context.rules).domain
    assert looked.status is DomainStatus.ACTIVE, looked
    return replace(looked, next_check_at=now + DAY)
