"""`dcvd renewals` for eyes, programs and monitors."""

import asyncio
import os

from msgspec.structs import replace

from dcvd.config import Live, load
from dcvd.core.domains.domain import Certificate, DomainStatus
from dcvd.core.instants import DAY
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.store import domains as store
from dcvd.store.engine.database import Database
from tests.cli.processes import House


async def _add_late(house: House) -> None:
    """Add an active domain whose certificate ends tomorrow."""
    database = await Database.open(house.database)
    context = Context(database, Live(load(house.config, os.environ, need_cloudflare=False).config))
    organization = await organizations.create(context, "Acme")
    domain = await additions.add(context, organization.id, "app.customer.com")
    ends = Certificate(issued_at=context.now() - 89 * DAY, expires_at=context.now() + DAY)
    serving = replace(domain, status=DomainStatus.ACTIVE, certificate=ends)
    await database.write(lambda tx: store.update(tx, serving))
    await database.close()


def test_without_a_late_renewal_it_says_so_and_ends_well(either: House) -> None:
    either.given_a_database()
    done = either.dcvd("renewals")
    assert (done.returncode, done.stdout, done.stderr) == (0, "No renewal is late.\n", "")
    assert either.json("renewals")["renewals"]["count"] == 0


def test_a_late_renewal_is_shown_and_ends_it_with_1(house: House) -> None:
    asyncio.run(_add_late(house))
    done = house.dcvd("renewals")
    assert done.returncode == 1
    heading, row, total = done.stdout.splitlines()
    assert heading.startswith("DOMAIN")
    assert row.startswith("app.customer.com")
    assert total == "1 renewal is late."
