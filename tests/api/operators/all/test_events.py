"""The events of all organizations: from new to old, and followed as they are committed."""

import asyncio
from typing import Any

from dcvd.api.app import Api
from dcvd.core.instants import to_rfc3339
from dcvd.services.context import Context
from dcvd.services.watching import ANY_ORGANIZATION
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.organizations import organizations
from dcvd.store.organizations.organizations import Organization
from tests.api.operators.all.lists import read, read_by_pages
from tests.api.webhooks.owed import URL, added, domain
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.waiting import until

FOLLOW = "/operator/all/events/follow"


async def followed(operator: Client, query: str = "", **headers: str) -> dict[str, Any]:
    answer = await operator.get(f"{FOLLOW}{query}", headers=headers)
    assert answer.status == 200, answer.body
    page: dict[str, Any] = answer.json
    return page


async def test_they_are_listed_newest_first_and_say_whose_each_is(
    operator: Client, owner: Client, stranger: Client, organization: Organization, clock: ManualClock
) -> None:
    await operator.post("/operator/webhooks", {"url": URL, "events": ["*"]})
    first = await domain(owner)
    clock.advance(1000)
    await domain(stranger, "app.stranger.com")
    clock.advance(1000)
    await owner.delete(f"/api/domains/{first}")
    listed = await read(operator, "/events")
    assert [(each["event"], each["organization"]["name"], each["sequence"]) for each in listed] == [
        ("domain.removed", organization.name, 2),
        ("domain.added", "others", 1),
        ("domain.added", organization.name, 1),
    ]
    tenants = (await owner.get("/api/events")).json["events"]
    assert listed[2]["data"] == tenants[0]["data"]
    assert (listed[2]["id"], listed[2]["timestamp"]) == (tenants[0]["id"], tenants[0]["timestamp"])
    assert await read_by_pages(operator, "/events") == [[each["id"]] for each in listed]


async def test_they_are_filtered_by_type_domain_organization_and_time_page_by_page(
    operator: Client, owner: Client, stranger: Client, organization: Organization, clock: ManualClock
) -> None:
    # All in one millisecond, and with a copy of each for the operator's programs.
    await operator.post("/operator/webhooks", {"url": URL, "events": ["*"]})
    first = await domain(owner)
    await domain(stranger, "app.stranger.com")
    await domain(owner, "shop.customer.com")
    await owner.delete(f"/api/domains/{first}")
    later = clock.now() + 1
    clock.advance(1000)
    await domain(stranger, "www.stranger.com")
    for query, expected in {
        "?types=domain.removed": ["domain.removed"],
        "?types=domain.*": ["domain.added"] * 4 + ["domain.removed"],
        "?types=domain.added&organization=others": ["domain.added"] * 2,
        f"?domain={first}": ["domain.added", "domain.removed"],
        f"?domain={first}&organization=others": [],
        "?domain=shop.customer.com": ["domain.added"],
        f"?organization={organization.id}": ["domain.added"] * 2 + ["domain.removed"],
        f"?since={to_rfc3339(later)}": ["domain.added"],
    }.items():
        assert sorted(each["event"] for each in await read(operator, f"/events{query}")) == expected, query
        pages = await read_by_pages(operator, f"/events{query}")
        assert sorted(each for page in pages for each in page) == sorted(
            each["id"] for each in await read(operator, f"/events{query}")
        ), query
    problem(await operator.get("/operator/all/events?types=system.disk_low"), 400, "unknown_event")


async def test_one_is_shown_with_its_deliveries_and_the_operators_copy_is_not_there(
    operator: Client, owner: Client
) -> None:
    webhook = await added(owner)
    await operator.post("/operator/webhooks", {"url": URL, "events": ["*"]})
    await domain(owner)
    (listed,) = await read(operator, "/events")
    shown = (await operator.get(f"/operator/all/events/{listed['id']}")).json
    assert shown["event"] == listed
    assert [(each["webhookId"], each["status"]) for each in shown["deliveries"]] == [(webhook["id"], "pending")]
    (copy,) = (await operator.get("/operator/events")).json["events"]
    problem(await operator.get(f"/operator/all/events/{copy['id']}"), 404, "not_found")


async def test_they_are_followed_in_the_order_of_their_commits(
    operator: Client, owner: Client, stranger: Client, clock: ManualClock
) -> None:
    await domain(owner)
    start = await followed(operator)
    assert (start["events"], start["hasMore"]) == ([], False)
    names = ["a.customer.com", "b.customer.com", "c.customer.com"]
    for number, name in enumerate(names):
        await domain(owner if number != 1 else stranger, name)
        clock.advance(-10_000)  # a clock that is set back puts none of them behind the others
    page = await followed(operator, f"?after={start['nextCursor']}")
    assert [each["data"]["domain_name"] for each in page["events"]] == names
    first = await followed(operator, f"?after={start['nextCursor']}&limit=1")
    assert ([each["data"]["domain_name"] for each in first["events"]], first["hasMore"]) == (names[:1], True)
    rest = await followed(operator, f"?after={first['nextCursor']}")
    assert [each["data"]["domain_name"] for each in rest["events"]] == names[1:]
    last = await followed(operator, "?last=2")
    assert last["events"] == rest["events"]
    assert (await followed(operator, "?last=1&organization=others"))["events"] == page["events"][1:2]
    assert len((await followed(operator, "?last=1000"))["events"]) == 4
    only = await followed(operator, f"?after={start['nextCursor']}&organization=others")
    assert [each["data"]["domain_name"] for each in only["events"]] == names[1:2]
    assert only["nextCursor"] == page["nextCursor"], "what does not match was passed too"


async def test_who_waits_is_answered_as_soon_as_any_organization_has_an_event(
    operator: Client, owner: Client, app: Api
) -> None:
    start = await followed(operator)
    waiting = asyncio.create_task(followed(operator, f"?after={start['nextCursor']}", Prefer="wait=30"))

    async def waits() -> bool:
        return app.services.feed.waiter_counts == {ANY_ORGANIZATION: 1}

    await until(waits)
    await domain(owner)
    async with asyncio.timeout(10):
        page = await waiting
    assert [each["data"]["domain_name"] for each in page["events"]] == ["app.customer.com"]


async def test_a_reader_who_stands_at_an_event_of_a_deleted_organization_misses_none(
    operator: Client, owner: Client, stranger: Client, context: Context, clock: ManualClock
) -> None:
    await domain(owner)
    clock.advance(1000)
    await domain(stranger, "app.stranger.com")
    cursor = (await followed(operator, "?last=1"))["nextCursor"]
    others = await context.database.read(lambda snapshot: organizations.find(snapshot, "others"))
    assert others is not None
    number = await context.database.read(_last_number)
    await context.database.write(lambda tx: organizations.delete(tx, others.id))
    clock.advance(1000)
    await domain(owner, "new.customer.com")
    assert await context.database.read(_last_number) == number, "the new event has the number of the one that is gone"
    page = await followed(operator, f"?after={cursor}")
    assert [each["data"]["domain_name"] for each in page["events"]] == ["new.customer.com"]
    assert (await followed(operator, f"?after={page['nextCursor']}"))["events"] == []


async def test_a_cursor_that_is_none_is_refused(operator: Client) -> None:
    for cursor in ("!", "eA", "MSB4", "LTE"):
        problem(await operator.get(f"{FOLLOW}?after={cursor}"), 400, "invalid_input", field="cursor")
    problem(await operator.get(f"{FOLLOW}?last=1001"), 400, "invalid_input", field="last")
    problem(await operator.get(f"{FOLLOW}?last=1&after=MSB4"), 400, "invalid_input", field="last")


def _last_number(snapshot: Snapshot) -> int:
    return snapshot.fetch_count("SELECT max(rowid) FROM events")
