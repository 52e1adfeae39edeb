"""Domains that are asked for one by one and stored together: all is as if each had been stored by itself."""

import asyncio
import random
import re
import shutil
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.core.callers import Caller
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.organizations.quotas import Quota
from dcvd.core.tokens.token import Role
from dcvd.core.zones.zone import ZoneStatus, new_zone
from dcvd.errors import DcvdError, Unauthenticated
from dcvd.services import audit, organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.domains.shared_additions import SharedAdditions
from dcvd.services.organizations import quotas
from dcvd.services.tokens import authentication, minting, revocation
from dcvd.services.tokens.rights import TokenLimits
from dcvd.store import domains, zones
from dcvd.store.engine.database import Database
from tests.busy_writer import busy_writer
from tests.conftest import VAULT
from tests.manual_clock import ManualClock
from tests.statements import noted_statements
from tests.unreliable_database import UnreliableDatabase

_REQUESTS: Final = (
    *(DomainRequest(domain_name=f"{label}.customer.com") for label in ("a", "b", "b", "c", "old", "taken")),
    DomainRequest(domain_name="won.zone.com"),
    DomainRequest(domain_name="new.zone.com", labels={"tier": "gold"}, external_id="e1"),
    DomainRequest(domain_name="d.customer.com", connection_id="conn_unknown"),
    DomainRequest(domain_name="not a name"),
    DomainRequest(domain_name="out.of.reach.net"),
)
_QUOTA: Final = 6
"""The organization has one domain already: one of the others has no room."""
_TABLES: Final = ("domains", "timeline", "audit_entries", "events", "jobs")
_ID: Final = re.compile(r"\b(org|dom|evt|job|aud|tl|token)_[0-9A-Za-z]{26}")


class Tenant:
    """An organization with a domain, a zone, and few places left; a rival has claimed names before it."""

    def __init__(self, context: Context, database: Database, org: str, caller: Caller) -> None:
        self.context, self.database, self.org, self._caller = context, database, org, caller
        self.additions = SharedAdditions()

    @classmethod
    async def make(cls, context: Context, database: Database) -> "Tenant":
        org = (await organizations.create(context, "Acme")).id
        rival = (await organizations.create(context, "Rival")).id
        for org_id, name in ((org, "old.customer.com"), (rival, "taken.customer.com"), (rival, "won.zone.com")):
            await additions.add(context, org_id, name)
        zone = new_zone(zone_id="zone_1", org_id=org, name="zone.com", now=1)
        proved = replace(zone, status=ZoneStatus.PROVED, proved_at=1)
        await database.write(lambda tx: zones.insert(tx, proved))
        await quotas.set_quotas(context, org, {Quota.DOMAINS: _QUOTA})
        limits = TokenLimits(domains=["*.customer.com", "*.zone.com"])
        minted = await minting.create(context, org, name="ci", role=Role.ADMIN, expires_at=None, limits=limits)
        caller = await authentication.KeptCallers(context).authenticate(minted.plaintext.reveal(), "192.0.2.1")
        return cls(context, database, org, caller)

    def asking(self, request_id: str, *, address: str = "192.0.2.1") -> Context:
        return authentication.act_as(self.context, replace(self._caller, request_id=request_id, address=address))

    async def add(self, number: int, request: DomainRequest, *, address: str = "192.0.2.1") -> str:
        context = self.asking(f"r{number}", address=address)
        domain = await self.additions.add(context, self.org, request, actor=context.caller.actor)
        assert domain == await context.database.read(lambda snapshot: domains.get(snapshot, domain.id))
        return domain.name

    async def add_alone(self, number: int, request: DomainRequest) -> str:
        context = self.asking(f"r{number}")
        added = await additions.add(
            context,
            self.org,
            request.domain_name,
            connection_id=request.connection_id or None,
            external_id=request.external_id,
            labels=request.labels,
            actor=context.caller.actor,
        )
        return added.name

    async def list_stored(self) -> list[str]:
        """List the rows that additions store, with names in place of what was made at random."""
        rows = await self.database.maintain(_read_rows)
        names: dict[str, str] = {
            data["domain_id"]: data["domain_name"]
            for table, row in rows
            if table == "events" and "domain_id" in (data := msgspec.json.decode(row["body"])["data"])
        }
        return sorted(_ID.sub(lambda found: names.get(found[0], found[1]), f"{table} {row}") for table, row in rows)


def _read_rows(connection: sqlite3.Connection) -> list[tuple[str, dict[str, Any]]]:
    rows: list[tuple[str, dict[str, Any]]] = []
    for table in _TABLES:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        found = connection.execute(f"SELECT {', '.join(columns)} FROM {table}")
        # The hash of an entry is made of ids too.
        rows += [(table, {**dict(zip(columns, row, strict=True)), "hash": None}) for row in found]
    return rows


async def outcome_of(adding: Any) -> str:
    try:
        return str(await adding)
    except DcvdError as error:
        return _ID.sub(lambda found: found[1], f"{type(error).__name__} {error.code} {error.message}")


async def tenant_in(path: Path, config: Config) -> Tenant:
    database = await UnreliableDatabase.open(path)
    source = random.Random(7)
    context = Context(
        database,
        Live(config),
        vault=VAULT,
        clock=ManualClock(1_700_000_000_000),
        random_bytes=source.randbytes,
        random_fraction=lambda: 0.0,
    )
    return await Tenant.make(context, database)


@pytest.mark.parametrize("seed", range(5))
async def test_all_is_stored_and_answered_as_for_each_by_itself(
    tmp_path: Path, blank_database: Path, config: Config, seed: int
) -> None:
    requests = list(_REQUESTS)
    random.Random(seed).shuffle(requests)
    together, alone = [
        await tenant_in(Path(shutil.copy(blank_database, tmp_path / f"{name}.db")), config) for name in ("one", "other")
    ]
    expected = [await outcome_of(alone.add_alone(number, request)) for number, request in enumerate(requests)]
    async with busy_writer(together.database):
        asked = [asyncio.create_task(outcome_of(together.add(*each))) for each in enumerate(requests)]
    assert await asyncio.gather(*asked) == expected
    assert sum(" " not in outcome for outcome in expected) == _QUOTA - 1
    assert await together.list_stored() == await alone.list_stored()
    for tenant in (together, alone):
        assert (await tenant.database.read(partial(audit.verify_chain, org_id=tenant.org)))[2] is None
        await tenant.database.close()


async def test_requests_of_one_caller_share_a_transaction_and_keep_their_ids(
    context: Context, database: Database
) -> None:
    tenant = await Tenant.make(context, database)
    with noted_statements() as statements:
        async with busy_writer(database):
            asked = [asyncio.create_task(tenant.add(number, _REQUESTS[number])) for number in (0, 1, 3)]
        await asyncio.gather(*asked)
    assert sum(sql.startswith("INSERT INTO domains") for sql, _ in statements) == 1
    stored = await tenant.list_stored()
    for number, name in ((0, "a"), (1, "b"), (3, "c")):
        of_request = [row for row in stored if f"'request_id': 'r{number}'" in row]
        assert [row.split()[0] for row in of_request] == ["audit_entries", "events", "jobs"]
        assert all(f"{name}.customer.com" in row for row in of_request)


async def test_requests_from_another_address_do_not_share_it(context: Context, database: Database) -> None:
    tenant = await Tenant.make(context, database)
    async with busy_writer(database):
        asked = [
            asyncio.create_task(tenant.add(number, _REQUESTS[number], address=address))
            for number, address in ((0, "192.0.2.1"), (1, "192.0.2.2"))
        ]
    await asyncio.gather(*asked)
    audited = [row for row in await tenant.list_stored() if row.startswith("audit_entries")]
    for name, address in (("a", "192.0.2.1"), ("b", "192.0.2.2")):
        (entry,) = [row for row in audited if f'"{name}.customer.com"' in row]
        assert f"'address': '{address}'" in entry


async def test_nothing_is_added_for_a_token_that_was_revoked_meanwhile(context: Context, database: Database) -> None:
    tenant = await Tenant.make(context, database)
    async with busy_writer(database):
        revoking = asyncio.create_task(revocation.revoke(context, tenant.org, tenant.asking("r").caller.id))
        await asyncio.sleep(0)
        asked = [asyncio.create_task(tenant.add(number, _REQUESTS[number])) for number in (0, 1, 3)]
    await revoking
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unauthenticated] * 3
    assert not [row for row in await tenant.list_stored() if "a.customer.com" in row]
