"""The JSON of domains that is kept: after whatever has happened it is what would be written anew."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from dcvd.api.domains.view import write_json
from dcvd.core.clock_discipline import ClockStep
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.domains.domain import Certificate, DnsState, Domain, DomainStatus, Finding
from dcvd.core.domains.saas_zone import SaasZone
from dcvd.core.instants import DAY, HOUR
from dcvd.errors import NotFound
from dcvd.services.context import Context
from dcvd.services.domains import additions, details
from dcvd.services.domains.kept_json import KeptDomains
from dcvd.services.domains.queries import DomainQuery
from dcvd.store import domains
from dcvd.store.domain_lists import DomainOrder
from dcvd.store.engine.transactions import Snapshot, Transaction
from tests.manual_clock import ManualClock
from tests.sync.fleet import fleet

_QUERIES = (
    DomainQuery(),
    DomainQuery(status=DomainStatus.ACTIVE),
    DomainQuery(is_ready=False),
    DomainQuery(labels=(("tier", "gold"),)),
    DomainQuery(search="customer"),
    *(DomainQuery(sort=order) for order in DomainOrder),
)


async def list_afresh(context: Context, org: str, query: DomainQuery, cursor: str | None) -> tuple[list[bytes], Any]:
    page = await details.list_page(context, org, query, cursor=cursor, limit=3)
    return [write_json(each) for each in page.items], page.next_cursor


async def assert_all_is_as_new(context: Context, kept: KeptDomains, orgs: list[str]) -> None:
    for org in orgs:
        for query in _QUERIES:
            cursor: str | None = None
            while True:
                found = await kept.list_page(context, org, query, write_json, cursor=cursor, limit=3)
                items, next_cursor = await list_afresh(context, org, query, cursor)
                assert (found.page.items, found.page.next_cursor) == (items, next_cursor)
                assert found.is_current is None or found.is_current()
                if next_cursor is None:
                    break
                cursor = next_cursor
    for domain in await list_all(context, orgs):
        found_one = await kept.get(context, domain.org_id, domain.id, write_json)
        assert found_one.json == write_json(await details.get(context, domain.org_id, domain.id))
        assert found_one.entity_tag == domain.entity_tag


async def list_all(context: Context, orgs: list[str]) -> list[Domain]:
    def query(snapshot: Snapshot) -> list[Domain]:
        return [each for org in orgs for each in domains.DOMAINS.list_of_org(snapshot, org, before=None, limit=500)]

    return await context.database.read(query)


class Changes:
    """What can happen to domains, one of them at a time."""

    def __init__(self, context: Context, clock: ManualClock, orgs: list[str], chance: random.Random) -> None:
        self.context, self.clock, self.orgs, self.chance = context, clock, orgs, chance
        self.number = 0

    async def write(self, unit: Callable[[Transaction], object]) -> None:
        await self.context.database.write(unit)

    async def one(self) -> Domain:
        return self.chance.choice(await list_all(self.context, self.orgs))

    async def add(self) -> None:
        self.number += 1
        await additions.add(self.context, self.chance.choice(self.orgs), f"new{self.number}.customer.test")

    async def contest(self) -> None:
        domain = await self.one()
        other = next(org for org in self.orgs if org != domain.org_id)
        if await self.context.database.read(lambda s: len(domains.list_by_name(s, domain.name))) < 2:
            await additions.add(self.context, other, domain.name)

    async def remove(self) -> None:
        domain = await self.one()
        await self.write(lambda tx: domains.delete_all(tx, domain.org_id, [domain.id]))

    async def check(self) -> None:
        domain = await self.one()
        now = self.context.now()
        finding = Finding(
            code=FindingCode.CAA_BLOCKS, severity="error", actor="customer", message="CAA forbids it.", since=now
        )
        changed = replace(
            domain,
            status=self.chance.choice([DomainStatus.ACTIVE, DomainStatus.ISSUING]),
            dns_state=self.chance.choice(list(DnsState)),
            findings=self.chance.choice([(), (finding,)]),
            certificate=self.chance.choice(
                [None, Certificate(serial="1", issuer="A", issued_at=1, expires_at=now + HOUR)]
            ),
            updated_at=now,
        )
        await self.write(lambda tx: domains.update(tx, changed))

    async def label(self) -> None:
        domain = await self.one()
        changed = replace(domain, labels=self.chance.choice([{}, {"tier": "gold"}]), external_id="e1")
        await self.write(lambda tx: domains.update_labels(tx, changed))

    async def plan(self) -> None:
        domain = await self.one()
        await self.write(lambda tx: domains.set_next_check(tx, domain.id, self.context.now() + 5))

    async def plan_many(self) -> None:
        now = self.context.now()
        step = ClockStep(before_at=now, after_at=now + HOUR)
        unit: Callable[[Transaction], object] = self.chance.choice(
            [
                lambda tx: domains.shift_plans(tx, step),
                lambda tx: domains.begin_anew(tx, now),
                lambda tx: domains.reschedule_beyond(tx, now, now),
            ]
        )
        await self.write(unit)

    async def take_over(self) -> None:
        domain = await self.one()
        await self.write(lambda tx: domains.take_name(tx, domain.name, domain.id))

    async def learn_of_the_zone(self) -> None:
        self.context.saas_zone.value = SaasZone(name=f"zone{self.chance.random()}.test")

    async def pass_time(self) -> None:
        self.clock.advance(self.chance.choice([1, HOUR, DAY]))

    def list_all(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self.add, self.contest, self.remove, self.check, self.check, self.label, self.plan, self.plan_many,
            self.take_over, self.learn_of_the_zone, self.pass_time,
        ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_the_kept_is_what_would_be_written_anew(
    context: Context, clock: ManualClock, org: str, rival_org: str, seed: int
) -> None:
    await fleet(context, org, 4)
    await fleet(context, rival_org, 2, first=4)
    kept = KeptDomains(context)
    changes = Changes(context, clock, [org, rival_org], random.Random(seed))
    for _ in range(40):
        await changes.chance.choice(changes.list_all())()
        await assert_all_is_as_new(context, kept, [org, rival_org])


async def test_a_page_is_current_until_a_domain_of_its_organization_changes(
    context: Context, org: str, rival_org: str
) -> None:
    (first, *_) = await fleet(context, org, 3)
    (other,) = await fleet(context, rival_org, 1, first=3)
    kept = KeptDomains(context)
    found = await kept.list_page(context, org, DomainQuery(), write_json, cursor=None, limit=2)
    assert found.is_current is not None
    await context.database.write(lambda tx: domains.update(tx, other))
    assert found.is_current()
    await context.database.write(lambda tx: domains.update(tx, first))
    assert not found.is_current()


async def test_a_domain_that_is_written_from_memory_is_still_nobody_elses(
    context: Context, org: str, rival_org: str
) -> None:
    (domain,) = await fleet(context, org, 1)
    kept = KeptDomains(context)
    first = await kept.get(context, org, domain.id, write_json)
    assert await kept.get(context, org, domain.id, write_json) is first
    with pytest.raises(NotFound):
        await kept.get(context, rival_org, domain.id, write_json)
    assert msgspec.json.decode(first.json)["id"] == domain.id


async def test_what_hurts_from_an_instant_on_is_written_anew_then_and_when_the_clock_goes_back(
    context: Context, clock: ManualClock, org: str
) -> None:
    now = context.now()
    finding = Finding(code=FindingCode.CAA_BLOCKS, severity="error", actor="customer", message="CAA forbids it.")
    certificate = Certificate(serial="1", issuer="A", issued_at=1, expires_at=now + HOUR)
    (domain,) = await fleet(context, org, 1, findings=(finding,), certificate=certificate)
    kept = KeptDomains(context)

    async def find_severities() -> list[str]:
        found = await kept.get(context, org, domain.id, write_json)
        page = await kept.list_page(context, org, DomainQuery(), write_json, cursor=None, limit=2)
        assert page.page.items == [found.json]
        return [each["severity"] for each in msgspec.json.decode(found.json)["findings"]]

    for instant, severity in ((now, "warning"), (now + HOUR - 1, "warning"), (now + HOUR, "error"), (now, "warning")):
        clock.set(instant)
        assert await find_severities() == [severity]


async def test_a_page_is_not_current_where_more_becomes_known_of_the_zone_while_it_is_read(
    context: Context, org: str
) -> None:
    await fleet(context, org, 3)
    kept = KeptDomains(context)
    await kept.list_page(context, org, DomainQuery(), write_json, cursor=None, limit=2)

    def learn_of_the_zone(sql: str, _: object) -> None:
        # Two are found in memory by then, and the third is read.
        if "json_each" in sql:
            context.saas_zone.value = SaasZone(name="zone.test")

    Snapshot.statement_hook = learn_of_the_zone
    page = await kept.list_page(context, org, DomainQuery(), write_json, cursor=None, limit=3)
    assert context.saas_zone.value.name == "zone.test"
    assert page.is_current is None
