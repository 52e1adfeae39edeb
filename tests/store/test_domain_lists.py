"""A list of the domains within a reach holds what the reach covers, however many they are and however it is found."""

import itertools
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.diagnosis.reason import find_awaited
from dcvd.core.domains.domain import Certificate, Domain, DomainStatus, Finding
from dcvd.core.tokens.reach import DomainReach, parse_reach
from dcvd.errors import InvalidInput
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.store import domain_counts, domain_lists, domains
from dcvd.store.domain_counts import DomainTally
from dcvd.store.domain_lists import DomainFilter, DomainOrder
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.transactions import Snapshot, Transaction
from tests.dns_provider import connect

_REACHES = {
    "all of a customer": ["*.customer.com"],
    "below a name of a customer": ["*.shop.customer.com"],
    "few below a name among many": ["*.rare.customer.com"],
    "two customers": ["*.customer.com", "*.other.com"],
    "names and ids": ["n1.customer.com", "n2.shop.customer.com", "dom_00005", "dom_none", "none.customer.com"],
    "all ways": ["*.rare.customer.com", "*.other.com", "n1.customer.com", "dom_00006"],
    "one below another": ["*.customer.com", "*.shop.customer.com", "n1.shop.customer.com", "dom_00001"],
    "a name and not what is below it": ["customer.com"],
    "nothing": ["*.none.com"],
}
_MANY = 3_600
_EXPIRY = 1_800_000_000_000
_FINDING = Finding(code="cname_missing", severity="error", actor="customer", message="It is missing.")


@pytest.fixture(params=[60, _MANY], ids=["few", "many"])
async def stored(request: pytest.FixtureRequest, context: Context, org: str) -> list[Domain]:
    """Domains of two customers, and the second customer's name itself."""
    source, count = random.Random(3), request.param
    first = await additions.add(context, org, "other.com")
    labels = ["", "shop.", "shop.", "shop.rare.", "xshop."]
    names = [f"n{number}.{source.choice(labels)}customer.com" for number in range(count - 3)]
    names += ["a.rare.customer.com", "customer.com", "n.other.com"]
    source.shuffle(names)
    statuses = list(DomainStatus)
    rows = [
        replace(
            first,
            id=f"dom_{number:05}",
            name=name,
            status=statuses[number % len(statuses)],
            certificate=Certificate(expires_at=_EXPIRY + number % 50) if number % 3 else None,
            ready_since=1 if number % 8 == 2 else None,
            findings=(_FINDING,) if number % 5 == 0 else (),
        )
        for number, name in enumerate(names)
    ]
    await context.database.write(lambda tx: domains.insert_all(tx, rows))
    return [first, *rows]


@pytest.mark.parametrize("entries", _REACHES.values(), ids=_REACHES)
@pytest.mark.sampled(4)
async def test_a_list_is_the_domains_that_the_reach_covers_page_by_page(
    context: Context, org: str, stored: list[Domain], entries: Sequence[str]
) -> None:
    reach = parse_reach(entries)
    for status in (None, DomainStatus.ACTIVE):
        wanted = DomainFilter(status=status, reach=reach)
        covered = _covered(stored, reach, status)
        found: list[str] = []
        while page := await _list(context, org, wanted, found[-1] if found else None):
            found += page
        assert found == sorted((domain.id for domain in covered), reverse=True)


@pytest.mark.parametrize("entries", _REACHES.values(), ids=_REACHES)
@pytest.mark.parametrize("order", DomainOrder)
@pytest.mark.sampled(6)
async def test_a_list_is_in_each_order_page_by_page_and_may_be_of_names_that_hold_a_text(
    context: Context, org: str, stored: list[Domain], entries: Sequence[str], order: DomainOrder
) -> None:
    reach = parse_reach(entries)
    for text in (None, "n1", "op.rare.c", "customer.com"):
        covered = [domain for domain in _covered(stored, reach, None) if text is None or text in domain.name]
        found: list[str] = []
        wanted = DomainFilter(reach=reach, name_part=text)
        while page := await _list(context, org, wanted, found[-1] if found else None, order):
            found += page
        assert found == [domain_lists.key_of(domain, order) for domain in _sorted(covered, order)]


@pytest.mark.parametrize("limit", [1, 7])
async def test_without_a_reach_the_orders_are_the_same(
    context: Context, org: str, stored: list[Domain], limit: int
) -> None:
    for order in DomainOrder:
        first = await context.database.read(
            lambda snapshot: domain_lists.list_page(snapshot, org, DomainFilter(), order, after=None, limit=limit)  # noqa: B023
        )
        after = domain_lists.key_of(first[-1], order)
        second = await context.database.read(
            lambda snapshot: domain_lists.list_page(snapshot, org, DomainFilter(), order, after=after, limit=limit)  # noqa: B023
        )
        expected = _sorted(stored, order)[: 2 * limit]
        assert [domain.id for domain in (*first, *second)] == [domain.id for domain in expected]


async def test_each_filter_keeps_what_it_names(context: Context, org: str, stored: list[Domain]) -> None:
    async def kept(**filters: object) -> set[str]:
        rows = await context.database.read(
            lambda snapshot: domain_lists.list_page(
                snapshot,
                org,
                replace(DomainFilter(), **filters),
                after=None,
                limit=10_000,
            )
        )
        return {row.id for row in rows}

    everything = {domain.id for domain in stored}
    assert await kept(is_ready=True) == {domain.id for domain in stored if domain.ready_since is not None}
    assert await kept(is_ready=False) == {domain.id for domain in stored if domain.ready_since is None}
    assert await kept(expires_before=_EXPIRY + 10) == {
        domain.id for domain in stored if domain.expires_at is not None and domain.expires_at < _EXPIRY + 10
    }
    assert await kept(connection_id="conn_x") == set()
    troubled = await kept(may_have_findings=True)
    assert {domain.id for domain in stored if domain.findings or domain.status is not DomainStatus.ACTIVE} == troubled
    assert troubled < everything


@pytest.mark.parametrize("number", ["", "x", str(2**63), "9" * 5000, "-1", "1 1"])
async def test_a_key_without_an_expiry_is_refused(context: Context, org: str, number: str) -> None:
    with pytest.raises(InvalidInput, match="another order"):
        await _list(context, org, DomainFilter(), f"expiresAt {number} dom_1", DomainOrder.EXPIRY)


async def test_a_key_of_another_order_is_refused(context: Context, org: str, stored: list[Domain]) -> None:
    for given, asked in itertools.permutations(DomainOrder, 2):
        with pytest.raises(InvalidInput, match="another order"):
            await _list(context, org, DomainFilter(), domain_lists.key_of(stored[0], given), asked)


@pytest.mark.parametrize("order", DomainOrder)
async def test_domains_of_a_connection_or_not_ready_are_listed_in_each_order(
    context: Context, org: str, stored: list[Domain], order: DomainOrder
) -> None:
    connection = await connect(context, org)
    ours = [replace(domain, connection_id=connection.id) for domain in stored[::7]]

    def unit(tx: Transaction) -> None:
        for domain in ours:
            domains.update(tx, domain)

    await context.database.write(unit)
    for wanted, expected in (
        (DomainFilter(connection_id=connection.id), ours),
        (DomainFilter(is_ready=False), [domain for domain in stored if domain.ready_since is None]),
    ):
        found: list[str] = []
        while page := await _list(context, org, wanted, found[-1] if found else None, order):
            found += page
        assert found == [domain_lists.key_of(domain, order) for domain in _sorted(expected, order)]


@pytest.mark.parametrize("order", DomainOrder)
async def test_what_broke_or_waits_for_somebody_is_listed_in_each_order_within_a_reach_too(
    context: Context, org: str, stored: list[Domain], order: DomainOrder
) -> None:
    broken = [replace(each, broken_since=1) for each in stored if each.ready_since is None][::5]
    await _update_all(context, broken)
    waiting = [each for each in stored if find_awaited(each) in (Awaited.TENANT, Awaited.OPERATOR)]
    assert broken
    assert waiting
    reach = parse_reach(["*.shop.customer.com", "n.other.com"])
    for wanted, expected in (
        (DomainFilter(is_broken=True, is_ready=False), broken),
        (DomainFilter(waits_for=frozenset({Awaited.TENANT, Awaited.OPERATOR}), is_ready=False), waiting),
    ):
        for within in (None, reach):
            covered = expected if within is None else _covered(expected, within, None)
            found: list[str] = []
            while page := await _list(context, org, replace(wanted, reach=within), found[-1] if found else None, order):
                found += page
            assert found == [domain_lists.key_of(domain, order) for domain in _sorted(covered, order)]


async def test_those_that_broke_are_listed_the_latest_first(context: Context, org: str, stored: list[Domain]) -> None:
    unready = [each for each in stored if each.ready_since is None][:20]
    await _update_all(context, [replace(each, broken_since=number) for number, each in enumerate(unready)])

    async def latest(reach: DomainReach | None) -> list[str]:
        rows = await context.database.read(lambda snapshot: domain_lists.list_latest_broken(snapshot, org, reach, 3))
        return [row.id for row in rows]

    assert await latest(None) == [each.id for each in unready[:-4:-1]]
    assert await latest(parse_reach([unready[1].name, unready[0].id])) == [unready[1].id, unready[0].id]


async def test_domains_are_counted_by_who_has_to_act(context: Context, org: str, stored: list[Domain]) -> None:
    unready = [each for each in stored if each.ready_since is None]
    await _update_all(context, [replace(each, broken_since=1) for each in unready[:4]])

    def tally(domains: list[Domain]) -> DomainTally:
        return DomainTally(
            ready=sum(each.is_ready for each in domains),
            waiting=Counter(filter(None, map(find_awaited, domains))),
            broken=sum(each in unready[:4] for each in domains),
            expiring=sum(each.expires_at is not None and each.expires_at < _EXPIRY + 10 for each in domains),
        )

    def count(snapshot: Snapshot) -> DomainTally:
        return domain_counts.count_of_org(snapshot, org, expires_before=_EXPIRY + 10)

    assert await context.database.read(count) == tally(stored)
    for entries in _REACHES.values():
        reach = parse_reach(entries)

        def count_within(snapshot: Snapshot, reach: DomainReach = reach) -> DomainTally | None:
            return domain_counts.count_within(snapshot, org, reach, expires_before=_EXPIRY + 10)

        covered = _covered(stored, reach, None)
        expected = tally(covered) if len(covered) <= 2_000 else None
        assert await context.database.read(count_within) == expected, entries


async def _update_all(context: Context, changed: list[Domain]) -> None:
    def unit(tx: Transaction) -> None:
        for domain in changed:
            domains.update(tx, domain)

    await context.database.write(unit)


def _covered(stored: list[Domain], reach: DomainReach, status: DomainStatus | None) -> list[Domain]:
    return [d for d in stored if reach.covers(d.id, d.name) and status in (None, d.status)]


def _sorted(stored: list[Domain], order: DomainOrder) -> list[Domain]:
    """As anybody would sort them."""
    match order:
        case DomainOrder.NEWEST:
            return sorted(stored, key=lambda domain: domain.id, reverse=True)
        case DomainOrder.OLDEST:
            return sorted(stored, key=lambda domain: domain.id)
        case DomainOrder.NAME:
            return sorted(stored, key=lambda domain: domain.name)
        case DomainOrder.EXPIRY:
            return sorted(stored, key=lambda domain: (domain.expires_at is None, domain.expires_at or 0, domain.id))


async def _list(
    context: Context, org: str, wanted: DomainFilter, after: str | None, order: DomainOrder = DomainOrder.NEWEST
) -> list[str]:
    rows = await context.database.read(
        lambda snapshot: domain_lists.list_page(snapshot, org, wanted, order, after=after, limit=1000)
    )
    return [domain_lists.key_of(row, order) for row in rows]


_OTHER_FILTERS = {
    "none": DomainFilter(),
    "status": DomainFilter(status=DomainStatus.ERROR),
    "ready": DomainFilter(is_ready=True),
    "not ready": DomainFilter(is_ready=False),
    "dormant": DomainFilter(is_dormant=True),
    "broken": DomainFilter(is_broken=True),
    "awaited": DomainFilter(waits_for=frozenset({Awaited.CUSTOMER, Awaited.TENANT})),
    "expiring": DomainFilter(expires_before=_EXPIRY),
    "findings": DomainFilter(may_have_findings=True),
    "stuck": DomainFilter(stuck_since=1),
    "connection": DomainFilter(connection_id="conn_1"),
    "external id": DomainFilter(external_id="e"),
    "name part": DomainFilter(name_part="shop"),
}


class _Explaining(Snapshot):
    """Notes by which indexes domains are looked for."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.connection)
        super().__init__(self.connection)
        self.searches: set[str] = set()

    def fetch_all(self, sql: str, parameters: Any = ()) -> list[Any]:
        plan = [detail for *_, detail in self.connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        self.searches |= {re.sub("COVERING ", "", line) for line in plan if line.startswith("SEARCH domains")}
        return []


def test_a_reach_is_looked_up_by_its_entries_whatever_else_is_asked_for() -> None:
    """An index of what else is asked for would be gone through once for each of a hundred entries: for seconds."""
    explaining = _Explaining()
    reach = parse_reach(["*.customer.com", "a.other.com", "dom_00005"])
    for name, wanted in _OTHER_FILTERS.items():
        explaining.searches.clear()
        domain_lists.find_few(explaining, "org_1", replace(wanted, reach=reach))
        assert explaining.searches == {
            "SEARCH domains USING INDEX domains_of_org_by_name (org_id=? AND name=?)",
            "SEARCH domains USING INDEX domains_of_org (org_id=? AND id=?)",
            "SEARCH domains USING INDEX domains_of_org_by_registrable (org_id=? AND registrable=?)",
        }, name
    explaining.connection.close()
