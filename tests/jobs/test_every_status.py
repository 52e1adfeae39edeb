"""Every hostname status met with every certificate status, played by the sandbox and seen through the real client."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import TypeVar

import pytest

from dcvd.core.domains.domain import Domain, DomainStatus, new_domain
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.lifecycle.transitions import Observation
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.kit.clock import SystemClock
from dcvd.sandbox import Sandbox
from dcvd.sandbox.hostnames.lifecycle import ForcedStateChange
from dcvd.sandbox.hostnames.statuses import HostnameStatus, SslStatus
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.checks import DomainCheck
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction
from tests.conftest import VAULT
from tests.core.lifecycle.test_every_status import (
    Expect,
    Outcome,
    from_active,
    from_active_after_two_looks,
    from_pending,
    remedy,
)
from tests.jobs.ward import Ward, checked
from tests.manual_clock import ManualClock

_T = TypeVar("_T")
Combination = tuple[HostnameStatus, SslStatus]
COMBINATIONS: tuple[Combination, ...] = tuple(itertools.product(HostnameStatus, SslStatus))


async def _few_at_once(works: Iterable[Coroutine[None, None, _T]]) -> list[_T]:
    """Their results in order; not all at once, or the last would wait for its answer longer than a call may take."""
    turn = asyncio.Semaphore(8)

    async def in_turn(work: Coroutine[None, None, _T]) -> _T:
        async with turn:
            return await work

    return await asyncio.gather(*(in_turn(work) for work in works))


class Table:
    """A domain for each combination, all looked at together by pages of Cloudflare's list."""

    def __init__(self, ward: Ward) -> None:
        self.ward = ward
        self.domains: dict[Combination, Domain] = {}
        self.sees_dns = False

    async def fill(self) -> None:
        """Registers them all."""
        context = self.ward.context
        self.domains = {
            combination: new_domain(
                domain_id=context.new_id(IdPrefix.DOMAIN),
                org_id=self.ward.org,
                name=f"n{number}.customer.test",
                cname_target=context.config.cloudflare.cname_target,
                now=context.now(),
            )
            for number, combination in enumerate(COMBINATIONS)
        }

        def unit(tx: Transaction) -> None:
            for domain in self.domains.values():
                domains.insert_all(tx, [domain])

        await context.database.write(unit)
        created = await _few_at_once(self.ward.cloudflare.create(domain.name) for domain in self.domains.values())
        await self._record({seen.hostname: seen for seen in created})

    def point(self) -> None:
        """Every record is right."""
        for domain in self.domains.values():
            self.ward.sandbox.set_dns(domain.name, "CNAME", ["edge.sandbox.test."])
        self.sees_dns = True

    def force(self) -> None:
        """Each is held in its combination, whatever is edited."""
        world = self.ward.sandbox.world
        for (status, ssl_status), domain in self.domains.items():
            # A certificate that is said to have expired has an expiry that says so too.
            expires_on = self.ward.clock.now() - DAY if ssl_status is SslStatus.EXPIRED else None
            world.force(
                domain.name,
                ForcedStateChange(status=status, ssl_status=ssl_status, expires_on=expires_on, is_sticky=True),
            )

    def release(self) -> None:
        """Every state is its own again, and what takes time there has had it."""
        world = self.ward.sandbox.world
        for domain in self.domains.values():
            world.force(domain.name, ForcedStateChange(status=None, ssl_status=None, expires_on=None, is_sticky=False))
        world.clock.advance(HOUR)

    async def look(self, *, times: int = 1) -> None:
        for _ in range(times):
            await self._record(await self._listed())

    async def work(self) -> int:
        """All that is pending; how many jobs that was."""
        pending = await self.ward.pending()
        await _few_at_once(self.ward.perform(job) for job in pending)
        stored = await self.ward.stored(list(self.domains.values()))
        self.domains = dict(zip(self.domains, stored, strict=True))
        return len(pending)

    def mismatches(self, expect: Expect) -> list[str]:
        found = []
        for (status, ssl_status), domain in self.domains.items():
            outcome: Outcome = domain.status.value, domain.error.code if domain.error else None
            if outcome != expect(status, ssl_status):
                found.append(f"{status} × {ssl_status}: {outcome}, expected {expect(status, ssl_status)}")
        return found

    def remedied(self) -> Counter[Combination]:
        return Counter(
            {
                combination: domain.remedies_applied
                for combination, domain in self.domains.items()
                if domain.remedies_applied
            }
        )

    async def _listed(self) -> dict[str, CloudflareHostname]:
        pages = [await self.ward.cloudflare.list_page(number) for number in range(1, len(COMBINATIONS) // 50 + 2)]
        found = {seen.hostname: seen for page in pages for seen in page.hostnames}
        assert len(found) == len(COMBINATIONS)
        return found

    async def _record(self, seen: dict[str, CloudflareHostname]) -> None:
        def observed(domain: Domain) -> list[Observation]:
            first: list[Observation] = [checked(domain, right=True)] if self.sees_dns else []
            return [*first, seen[domain.name]]

        made = [DomainCheck(domain.id, observed(domain)) for domain in self.domains.values()]
        recorded = await checks.record_many(self.ward.context, made)
        assert None not in recorded
        self.domains = {
            combination: domain for combination, domain in zip(self.domains, recorded, strict=True) if domain
        }


@pytest.fixture
async def table(sandbox_context: Context, cloudflare: CloudflareClient, quick_sandbox: Sandbox, org: str) -> Table:
    clock = ManualClock(SystemClock().now())
    context = Context(
        sandbox_context.database, sandbox_context.live_config, vault=VAULT, clock=clock, random_fraction=lambda: 0.0
    )
    made = Table(Ward(context, cloudflare, quick_sandbox, clock, org))
    await made.fill()
    return made


@pytest.mark.sweep
async def test_a_fresh_domain_becomes_what_the_table_says_settles_and_is_not_lost(table: Table) -> None:
    table.force()
    await table.look()
    assert table.mismatches(from_pending) == []
    await _settles_and_comes_back(table, from_pending)


@pytest.mark.sweep
async def test_an_active_domain_becomes_what_the_table_says_settles_and_is_not_lost(table: Table) -> None:
    table.point()
    table.ward.sandbox.world.clock.advance(HOUR)
    await table.look()
    assert {domain.status for domain in table.domains.values()} == {DomainStatus.ACTIVE}
    table.force()
    await table.look()
    assert table.mismatches(_with_expired(from_active)) == []
    await table.look()
    assert table.mismatches(_with_expired(from_active_after_two_looks)) == []
    await _settles_and_comes_back(table, _with_expired(from_active_after_two_looks))


def _with_expired(expect: Expect) -> Expect:
    """Here Cloudflare also lists an expiry that has passed."""

    def expected(status: str, ssl: str) -> Outcome:
        if ssl == "expired" and status in ("active", "active_redeploying"):
            return "error", "certificate_expired"
        return expect(status, ssl)

    return expected


async def _settles_and_comes_back(table: Table, expect: Expect) -> None:
    ward = table.ward
    ill = {combination for combination in COMBINATIONS if remedy(*combination) is not None}
    told = await ward.events()
    assert set(table.remedied()) == ill
    for heals, wait in ((1, HOUR), (2, 4 * HOUR)):
        before = ward.calls("PATCH"), ward.calls("POST")
        assert await table.work() == len(ill)
        asked = ward.calls("PATCH") - before[0] + ward.calls("POST") - before[1]
        assert asked == len(ill), "one call for each"
        for _ in range(3):
            ward.clock.advance(MINUTE)
            await table.look()
        assert await ward.pending() == []
        now_told = await ward.events()
        # Behind what it is made to say the sandbox does issue anew after an edit, and lists that.
        assert now_told.pop("domain.renewed", 0) <= ward.calls("PATCH")
        assert now_told == told
        assert table.mismatches(expect) == []
        assert set(table.remedied().values()) == {heals}
        ward.clock.advance(wait)
        await table.look()
    table.point()
    table.release()
    await table.look()
    await table.work()
    ward.sandbox.world.clock.advance(HOUR)
    await table.look()
    assert {domain.status for domain in table.domains.values()} == {DomainStatus.ACTIVE}
    assert ward.calls("DELETE") == 0
