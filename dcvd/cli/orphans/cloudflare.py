"""What the commands do at Cloudflare and read of the database, beside the daemon or without it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from dcvd.config import Config
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.custom_hostnames.opening import open_client
from dcvd.services.lifecycle.orphans import find_orphans, select_orphans
from dcvd.store.backups.source import find_former_owners
from dcvd.store.engine.read_only import open_snapshot
from dcvd.store.organizations import organizations


class Orphan(Struct, frozen=True, kw_only=True):
    """A hostname, and the organization that had it in an earlier database and is there still; None where that is not
    known."""

    hostname: CloudflareHostname
    org_id: str | None = None


def list_orphans(config: Config, former: Path | None) -> list[Orphan]:
    """List the orphans in the order of their names. Raises DcvdError.

    former: an earlier database, which knew of them.
    """

    async def work() -> list[CloudflareHostname]:
        async with open_client(config) as client:
            return [each async for each in find_orphans(client, lambda found: _select(config, found))]

    found = sorted(asyncio.run(work()), key=lambda each: each.hostname)
    owners = {} if former is None else find_former_owners(former, [each.id for each in found])
    with open_snapshot(config.database.path) as snapshot:
        living = {each.id for each in organizations.list_all(snapshot)}
    return [
        Orphan(hostname=each, org_id=owners.get(each.id) if owners.get(each.id) in living else None) for each in found
    ]


def remove_hostnames(config: Config, orphans: Sequence[Orphan]) -> list[str]:
    """Remove hostnames at Cloudflare, but those that the database knows by now; return the names of the removed.

    Raises DcvdError; those before the one that failed are removed then.
    """

    async def work() -> list[str]:
        removed = []
        async with open_client(config) as client:
            for orphan in orphans:
                # A tenant may have added the name since it was listed.
                if _select(config, [orphan.hostname]):
                    await client.delete(orphan.hostname.id)
                    removed.append(orphan.hostname.hostname)
        return removed

    return asyncio.run(work())


def _select(config: Config, hostnames: Sequence[CloudflareHostname]) -> list[CloudflareHostname]:
    with open_snapshot(config.database.path) as snapshot:
        return select_orphans(snapshot, hostnames)
