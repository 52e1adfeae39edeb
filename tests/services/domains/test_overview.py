"""Operators list the domains of all organizations, in any order and by any filter, page by page."""

import itertools
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import Certificate, Domain, DomainError, DomainStatus, Finding, FindingActor
from dcvd.core.instants import DAY, HOUR
from dcvd.errors import InvalidInput, NotFound
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions, overview
from dcvd.services.domains.queries import DomainQuery
from dcvd.store import domains, domains_of_all
from dcvd.store.domain_lists import DomainFilter, DomainOrder
from dcvd.store.engine.transactions import Snapshot

_COUNT = 60
_CODES = ("cname_missing", "caa_blocks")
_ACTORS: tuple[FindingActor, ...] = ("customer", "operator")


@pytest.fixture
async def stored(context: Context) -> list[Domain]:
    """The domains of two organizations, which both claim every tenth name."""
    now = context.now()
    owners = [await organizations.create(context, name) for name in ("Acme", "Beta")]
    first = await additions.add(context, owners[0].id, "first.customer.com", labels={"tier": "gold"})
    rows = []
    for number in range(_COUNT):
        is_ready = number % 3 == 0
        found = Finding(
            code=_CODES[number % 2],
            severity="error",
            actor=_ACTORS[number % 2],
            message="It is wrong.",
            since=now - (2 * DAY if number % 4 == 1 else HOUR),
        )
        rows.append(
            replace(
                first,
                id=f"dom_{number:05}",
                org_id=owners[number % 2].id,
                name=f"shared{number // 10}.customer.com" if number % 10 < 2 else f"n{number}.customer.com",
                status=DomainStatus.ACTIVE if is_ready else DomainStatus.PENDING_CNAME,
                ready_since=now if is_ready else None,
                findings=() if is_ready else (found,),
                certificate=Certificate(expires_at=now + number % 7 * DAY) if is_ready else None,
                labels={"tier": "gold"} if number % 5 == 0 else {},
                external_id=f"customer-{number % 6}",
                created_at=now - 3 * DAY,
            )
        )
    error = DomainError("certificate_expired", "It has expired.")
    rows[4] = replace(rows[4], status=DomainStatus.ERROR, findings=(), error=error)
    await context.database.write(lambda tx: domains.insert_all(tx, rows))
    return [first, *rows]


async def _list_all(context: Context, query: DomainQuery, *, org_id: str | None = None, limit: int = 7) -> list[Domain]:
    found: list[Domain] = []
    cursor: str | None = None
    for _ in range(100):
        page = await overview.list_page(context, query, org_id=org_id, cursor=cursor, limit=limit)
        assert len(page.items) <= limit
        found += [each.detail.domain for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise AssertionError("the list has no end")


def _ids(found: Sequence[Domain]) -> list[str]:
    return [domain.id for domain in found]


@pytest.mark.parametrize("order", DomainOrder)
async def test_every_order_shows_each_domain_once(context: Context, stored: list[Domain], order: DomainOrder) -> None:
    far = 1 << 62
    keys = {
        DomainOrder.NEWEST: lambda each: each.id,
        DomainOrder.OLDEST: lambda each: each.id,
        DomainOrder.NAME: lambda each: (each.name, each.id),
        DomainOrder.EXPIRY: lambda each: (each.expires_at or far, each.id),
    }
    expected = sorted(stored, key=keys[order], reverse=order is DomainOrder.NEWEST)
    assert _ids(await _list_all(context, DomainQuery(sort=order))) == _ids(expected)


@pytest.mark.parametrize("order", [None, DomainOrder.NAME, DomainOrder.EXPIRY])
@pytest.mark.parametrize(
    "query",
    [
        DomainQuery(is_ready=False),
        DomainQuery(is_ready=True),
        DomainQuery(status=DomainStatus.ERROR),
        DomainQuery(labels=(("tier", "gold"),)),
        DomainQuery(labels=(("tier", "gold"),), is_ready=False),
        DomainQuery(external_id="customer-3"),
        DomainQuery(finding="caa_blocks"),
        DomainQuery(actor="operator"),
        DomainQuery(reason="certificate_expired"),
        DomainQuery(reason="waiting"),
        DomainQuery(is_stuck=True),
        DomainQuery(name="shared0.customer.com"),
    ],
    ids=[
        *("not ready", "ready", "in error", "label", "label and not ready", "external id", "finding", "actor"),
        *("reason", "waiting", "stuck", "name"),
    ],
)
async def test_filters_leave_out_what_is_not_asked_for_in_every_order(
    context: Context, stored: list[Domain], query: DomainQuery, order: DomainOrder | None
) -> None:
    def is_wanted(domain: Domain) -> bool:
        codes = [finding.code for finding in domain.findings]
        is_old = any((finding.since or 0) <= context.now() - DAY for finding in domain.findings)
        return all(
            (
                query.is_ready in (None, domain.is_ready),
                query.status in (None, domain.status),
                all(domain.labels.get(key) == value for key, value in query.labels),
                query.external_id in (None, domain.external_id),
                query.finding is None or query.finding in codes,
                query.actor is None or any(finding.actor == query.actor for finding in domain.findings),
                query.reason != "certificate_expired" or domain.error is not None,
                query.reason != "waiting" or domain.name == "first.customer.com",
                not query.is_stuck or domain.error is not None or (not domain.is_ready and is_old),
                query.name in (None, domain.name),
            )
        )

    found = await _list_all(context, replace(query, sort=order))
    assert found != []
    assert set(_ids(found)) == {domain.id for domain in stored if is_wanted(domain)}


async def test_a_search_lists_by_name_and_an_expiry_ends_the_list(context: Context, stored: list[Domain]) -> None:
    found = await _list_all(context, DomainQuery(search="N5"))
    assert [domain.name for domain in found] == sorted(domain.name for domain in stored if "n5" in domain.name)
    soon = context.now() + 3 * DAY
    for sort in (None, DomainOrder.EXPIRY):
        expiring = await _list_all(context, DomainQuery(expires_before=soon, sort=sort))
        assert set(_ids(expiring)) == {each.id for each in stored if each.expires_at and each.expires_at < soon}


async def test_one_organization_is_listed_by_the_same_filters(context: Context, stored: list[Domain]) -> None:
    org_id = stored[2].org_id
    found = await _list_all(context, DomainQuery(is_stuck=True), org_id=org_id)
    of_all = await _list_all(context, DomainQuery(is_stuck=True))
    assert _ids(found) == [domain.id for domain in of_all if domain.org_id == org_id]


async def test_each_domain_comes_with_its_organization_its_reason_and_what_to_do(
    context: Context, stored: list[Domain]
) -> None:
    (shown,) = (
        await overview.list_page(context, DomainQuery(reason="certificate_expired"), org_id=None, cursor=None, limit=2)
    ).items
    assert (shown.organization.name, shown.is_stuck) == ("Acme", True)
    assert shown.reason is not None
    assert (shown.reason.code, shown.reason.actor) == ("certificate_expired", "cloudflare")
    assert shown.summary == "It has expired."
    same = await overview.get(context, shown.detail.domain.id)
    assert same == shown
    with pytest.raises(NotFound):
        await overview.get(context, "dom_none")


async def test_a_cursor_of_another_order_is_refused(context: Context, stored: list[Domain]) -> None:
    pages = {
        order: await overview.list_page(context, DomainQuery(sort=order), org_id=None, cursor=None, limit=2)
        for order in DomainOrder
    }
    for one, other in itertools.permutations(DomainOrder, 2):
        cursor = pages[one].next_cursor
        with pytest.raises(InvalidInput, match="another order"):
            await overview.list_page(context, DomainQuery(sort=other), org_id=None, cursor=cursor, limit=2)


async def test_one_step_looks_at_so_many_domains_however_few_of_them_are_wanted(
    context: Context, stored: list[Domain]
) -> None:
    def look(snapshot: Snapshot) -> list[int]:
        wanted, position, looks = DomainFilter(name_part="no such"), None, []
        while True:
            step = domains_of_all.list_step(snapshot, wanted, DomainOrder.NAME, after=position, size=10, limit=5)
            looks.append(len(step.found))
            position = step.position
            if position is None:
                return looks

    assert await context.database.read(look) == [0] * 7
