"""A list of the domains within a reach holds what the reach covers, however many they are and however it is found."""

import random
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.tokens.reach import DomainReach, parse_reach
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.store import domain_lists, domains
from dcvd.store.domain_lists import DomainFilter

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
        replace(first, id=f"dom_{number:05}", name=name, status=statuses[number % len(statuses)])
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
@pytest.mark.sampled(4)
async def test_a_search_is_in_the_order_of_names_page_by_page(
    context: Context, org: str, stored: list[Domain], entries: Sequence[str]
) -> None:
    reach = parse_reach(entries)
    for prefix in ("n1", "customer"):
        wanted = DomainFilter(reach=reach)
        covered = _covered(stored, reach, None)
        found: list[str] = []
        while page := await _search(context, org, prefix, wanted, found[-1] if found else None):
            found += page
        assert found == sorted(
            domain.name for domain in covered if domain.name.startswith(prefix) or f".{prefix}." in f".{domain.name}"
        )


def _covered(stored: list[Domain], reach: DomainReach, status: DomainStatus | None) -> list[Domain]:
    return [d for d in stored if reach.covers(d.id, d.name) and status in (None, d.status)]


async def _list(context: Context, org: str, wanted: DomainFilter, before: str | None) -> list[str]:
    rows = await context.database.read(
        lambda snapshot: domain_lists.list_page(snapshot, org, wanted, before=before, limit=1000)
    )
    return [row.id for row in rows]


async def _search(context: Context, org: str, prefix: str, wanted: DomainFilter, after: str | None) -> list[str]:
    rows = await context.database.read(
        lambda snapshot: domain_lists.search(snapshot, org, prefix, wanted, after=after, limit=1000)
    )
    return [row.name for row in rows]
