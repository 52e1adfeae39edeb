"""Lists of domains by what is attached to them hold the same, however rare or common that is."""

import itertools

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.tokens.reach import parse_reach
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.store import domain_lists, domains
from dcvd.store.domain_lists import DomainFilter, DomainOrder
from dcvd.store.engine.transactions import Transaction

_MANY = 4_400


@pytest.fixture
async def stored(context: Context, org: str, rival_org: str) -> list[Domain]:
    """Half of them have one label and all another, which is more than are found by it; a hundredth has a rare one."""
    first = await additions.add(context, org, "first.com")
    rows = [
        replace(
            first,
            id=f"dom_{number:05}",
            name=f"n{number * 7 % _MANY:05}.{'shop' if number % 3 else 'blog'}.com",
            status=DomainStatus.ACTIVE if number % 5 else DomainStatus.ERROR,
            external_id=f"c{number % 100}" if number % 4 else None,
            labels={"all": "x", "half": str(number % 2)} | ({"rare": "y"} if number % 100 == 3 else {}),
        )
        for number in range(_MANY)
    ]
    rival = replace(first, id="dom_rival", org_id=rival_org, labels={"all": "x", "rare": "y"}, external_id="c7")

    def unit(tx: Transaction) -> None:
        domains.insert_all(tx, rows)
        domains.insert_all(tx, [rival])

    await context.database.write(unit)
    return [first, *rows]


@pytest.mark.parametrize(
    "wanted",
    [
        DomainFilter(labels=(("all", "x"),)),
        DomainFilter(labels=(("half", "1"), ("all", "x"))),
        DomainFilter(labels=(("all", "x"), ("rare", "y"), ("half", "1"))),
        DomainFilter(labels=(("half", "0"),), status=DomainStatus.ERROR),
        DomainFilter(labels=(("rare", "y"),), status=DomainStatus.ERROR, name_part="shop"),
        DomainFilter(labels=(("rare", "x"),)),
        DomainFilter(external_id="c7"),
        DomainFilter(external_id="c7", labels=(("half", "1"),), status=DomainStatus.ACTIVE),
        DomainFilter(labels=(("half", "1"),), reach=parse_reach(["*.blog.com"])),
        DomainFilter(external_id="c7", reach=parse_reach(["*.shop.com", "dom_00007"])),
    ],
    ids=repr,
)
async def test_a_list_is_what_has_all_that_is_asked_for_page_by_page_in_each_order(
    context: Context, org: str, stored: list[Domain], wanted: DomainFilter
) -> None:
    expected = {domain.id for domain in stored if _has(domain, wanted)}
    for order in DomainOrder:
        found: list[Domain] = []
        after = None
        for _ in itertools.count():
            page = await context.database.read(
                lambda snapshot: domain_lists.list_page(snapshot, org, wanted, order, after=after, limit=900)  # noqa: B023
            )
            found += page
            if len(page) < 900:
                break
            after = domain_lists.key_of(page[-1], order)
        assert len(found) == len(expected)
        assert {domain.id for domain in found} == expected
        if order is DomainOrder.NAME:
            assert [domain.name for domain in found] == sorted(domain.name for domain in found)


def _has(domain: Domain, wanted: DomainFilter) -> bool:
    return (
        wanted.status in (None, domain.status)
        and wanted.external_id in (None, domain.external_id)
        and (wanted.name_part or "") in domain.name
        and all(domain.labels.get(key) == value for key, value in wanted.labels)
        and (wanted.reach is None or wanted.reach.covers(domain.id, domain.name))
    )


async def test_the_rows_of_labels_follow_every_change_and_go_with_their_domain(context: Context, org: str) -> None:
    domain = await additions.add(context, org, "app.customer.com", labels={"tier": "gold", "eu": ""})
    other = await additions.add(context, org, "b.customer.com", labels={"tier": "gold"})

    async def rows() -> list[tuple[object, ...]]:
        return await context.database.read(
            lambda snapshot: [
                tuple(row)
                for row in snapshot.fetch_all(
                    "SELECT domain_id, key, value, org_id FROM domain_labels WHERE org_id = ? ORDER BY key, domain_id",
                    (org,),
                )
            ]
        )

    assert await rows() == sorted(
        [(domain.id, "eu", "", org), (domain.id, "tier", "gold", org), (other.id, "tier", "gold", org)],
        key=lambda row: (row[1], row[0]),
    )
    changed = replace(domain, labels={"tier": 'a"b'}, external_id="x")
    await context.database.write(lambda tx: domains.update_labels(tx, changed))
    assert {row for row in await rows() if row[0] == domain.id} == {(domain.id, "tier", 'a"b', org)}
    # A check that read the domain before stores what it found, and nothing of this.
    await context.database.write(lambda tx: domains.update(tx, replace(domain, status=DomainStatus.ACTIVE)))
    stored = await context.database.read(lambda snapshot: domains.get(snapshot, domain.id))
    assert stored is not None
    assert (stored.external_id, stored.labels, stored.status) == ("x", {"tier": 'a"b'}, DomainStatus.ACTIVE)
    await context.database.write(lambda tx: domains.delete_all(tx, org, [domain.id, other.id]))
    assert await rows() == []
