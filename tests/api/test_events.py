"""`/api/events`: the feed."""

import asyncio

import pytest

from dcvd.services.context import Context
from dcvd.services.events.feed import EventFeed
from dcvd.store import epochs, events
from dcvd.store.organizations import organizations
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import domain
from tests.served_app.client import Client, problem
from tests.served_app.fixtures import EventDict
from tests.waiting import until


async def three(client: Client) -> None:
    """Events 1 and 2 of two domains that were added, and 3 of one that was removed."""
    await domain(client, "ümlaut.customer.com")
    await client.delete(f"/api/domains/{await domain(client)}")


async def test_events_come_in_order_as_the_very_bytes_that_webhooks_carry(
    owner: Client, context: Context, organization: Organization
) -> None:
    await three(owner)
    answer = await owner.get("/api/events")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    stored = await context.database.read(
        lambda snapshot: events.list_of_org(snapshot, organization.id, after=0, limit=9)
    )
    bodies = [event.body for event in stored]
    assert answer.body == b'{"events":[' + b",".join(bodies) + b'],"nextCursor":"3","hasMore":false,"epoch":0}'
    assert [event["sequence"] for event in answer.json["events"]] == [1, 2, 3]


async def test_pages_go_through_all_events_once(owner: Client) -> None:
    await three(owner)
    first = (await owner.get("/api/events?limit=2")).json
    assert ([event["sequence"] for event in first["events"]], first["hasMore"]) == ([1, 2], True)
    last = (await owner.get(f"/api/events?limit=2&after={first['nextCursor']}")).json
    assert ([event["sequence"] for event in last["events"]], last["hasMore"]) == ([3], False)
    end = (await owner.get(f"/api/events?after={last['nextCursor']}")).json
    assert end == {"events": [], "nextCursor": "3", "hasMore": False, "epoch": 0}


async def test_after_a_restore_the_numbers_jump_and_the_epoch_says_so(
    owner: Client, context: Context, organization: Organization
) -> None:
    await three(owner)
    await context.database.write(lambda tx: epochs.begin(tx, 7, context.now()))
    answer = (await owner.get("/api/events?after=3")).json
    assert answer == {"events": [], "nextCursor": "3", "hasMore": False, "epoch": 7}
    # What the lost database gave out beyond the backup is behind what comes.
    assert (await owner.get("/api/events?after=5")).json["epoch"] == 7
    await domain(owner, "new.customer.com")
    answer = (await owner.get("/api/events?after=5")).json
    assert [event["sequence"] for event in answer["events"]] == [7_000_000_001]
    assert (answer["nextCursor"], answer["epoch"]) == ("7000000001", 7)
    for last, found in ((0, []), (1, [7_000_000_001]), (2, [3, 7_000_000_001]), (9, [1, 2, 3, 7_000_000_001])):
        answer = (await owner.get(f"/api/events?last={last}")).json
        assert [event["sequence"] for event in answer["events"]] == found


async def test_the_feed_of_an_organization_without_events_has_a_cursor_too(owner: Client) -> None:
    assert (await owner.get("/api/events")).json == {"events": [], "nextCursor": "0", "hasMore": False, "epoch": 0}
    await domain(owner)
    assert len((await owner.get("/api/events?after=0")).json["events"]) == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("types=domain.removed", [3]),
        ("types=domain.removed,domain.added", [1, 2, 3]),
        ("types=domain.removed&types=domain.added", [1, 2, 3]),
        ("types=domain.error", []),
        ("types=domain.*", [1, 2, 3]),
        ("types=job.*,domain.removed", [3]),
        ("types=*", [1, 2, 3]),
        ("types=domain.added&after=1", [2]),
    ],
)
async def test_only_the_types_that_were_asked_for_come_and_the_cursor_passes_the_others(
    owner: Client, query: str, found: list[int]
) -> None:
    await three(owner)
    answer = (await owner.get(f"/api/events?{query}")).json
    assert [event["sequence"] for event in answer["events"]] == found
    assert answer["nextCursor"] == "3"


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("after=4", "after_the_last_event", "after"),
        ("after=999999999999999999", "after_the_last_event", "after"),
        ("after=" + "9" * 40, "invalid_input", "after"),
        ("after=-1", "invalid_input", "after"),
        ("after=", "invalid_input", "after"),
        ("after=1.0", "invalid_input", "after"),
        ("after=%D9%A1", "invalid_input", "after"),
        ("types=domain.activ", "unknown_event", "types"),
        ("types=", "unknown_event", "types"),
        ("limit=251", "invalid_input", "limit"),
    ],
)
async def test_a_number_that_was_never_given_is_refused(owner: Client, query: str, code: str, field: str) -> None:
    await three(owner)
    problem(await owner.get(f"/api/events?{query}"), 400, code, field=field)


async def test_events_past_their_retention_are_410_and_never_left_out_in_silence(
    owner: Client, context: Context, organization: Organization
) -> None:
    await three(owner)
    await context.database.write(lambda tx: organizations.forget_events(tx, organization.id, 2))
    for after in (0, 1):
        found = problem(await owner.get(f"/api/events?after={after}"), 410, "events_past_retention")
        assert "read on after 2" in found["detail"]
    for query in ("", "?after=2"):
        answer = (await owner.get(f"/api/events{query}")).json
        assert [event["sequence"] for event in answer["events"]] == [3]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("last=0", []),
        ("last=1", [3]),
        ("last=2", [2, 3]),
        ("last=3", [1, 2, 3]),
        ("last=999999999999999999", [1, 2, 3]),
        ("last=2&types=domain.added", [2]),
        ("last=2&limit=1", [2]),
    ],
)
async def test_the_last_events_come_or_those_that_are_stored(owner: Client, query: str, found: list[int]) -> None:
    await three(owner)
    answer = (await owner.get(f"/api/events?{query}")).json
    assert [event["sequence"] for event in answer["events"]] == found
    assert answer["nextCursor"] == ("2" if answer["hasMore"] else "3")


async def test_the_last_events_leave_out_those_past_their_retention(
    owner: Client, context: Context, organization: Organization
) -> None:
    await three(owner)
    await context.database.write(lambda tx: organizations.forget_events(tx, organization.id, 2))
    assert [event["sequence"] for event in (await owner.get("/api/events?last=9")).json["events"]] == [3]


@pytest.mark.parametrize("query", ["last=-1", "last=", "last=1.0", "last=" + "9" * 40, "last=1&after=1", "last=x"])
async def test_a_number_of_last_events_that_says_nothing_is_refused(owner: Client, query: str) -> None:
    await three(owner)
    problem(await owner.get(f"/api/events?{query}"), 400, "invalid_input", field="last")


async def test_who_waits_for_what_comes_after_now_gets_it_once(owner: Client, member: Client, feed: EventFeed) -> None:
    await three(owner)
    asking = asyncio.create_task(member.get("/api/events?last=0", headers={"Prefer": "wait=30"}), name="test.feed")
    await until(lambda: waits(feed))
    await domain(owner, "later.customer.com")
    async with asyncio.timeout(10):
        answer = (await asking).json
    assert [event["sequence"] for event in answer["events"]] == [4]


async def test_an_organization_sees_its_own_events_alone(owner: Client, stranger: Client) -> None:
    await three(owner)
    assert (await stranger.get("/api/events")).json["events"] == []


# Waiting


async def test_who_would_wait_is_answered_as_soon_as_there_is_an_event(
    owner: Client, member: Client, feed: EventFeed
) -> None:
    asking = asyncio.create_task(member.get("/api/events", headers={"Prefer": "wait=30"}), name="test.feed")
    await until(lambda: waits(feed))
    await domain(owner)
    async with asyncio.timeout(10):
        answer = await asking
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert [event["sequence"] for event in answer.json["events"]] == [1]


async def test_a_wait_for_nothing_ends_with_an_empty_answer(owner: Client) -> None:
    began = asyncio.get_running_loop().time()
    answer = await owner.get("/api/events", headers={"Prefer": "wait=1"})
    assert asyncio.get_running_loop().time() - began >= 0.99
    assert (answer.status, answer.json) == (200, {"events": [], "nextCursor": "0", "hasMore": False, "epoch": 0})


async def test_who_waits_is_answered_when_the_daemon_stops(owner: Client, feed: EventFeed) -> None:
    asking = asyncio.create_task(owner.get("/api/events", headers={"Prefer": "wait=30"}), name="test.feed")
    await until(lambda: waits(feed))
    feed.close()
    async with asyncio.timeout(10):
        assert (await asking).status == 200


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        (None, None),
        ("wait=10", "wait=10"),
        ("WAIT=10", "wait=10"),
        ("wait=3600", "wait=50"),
        ("respond-async, wait=5", "wait=5"),
        ("wait=soon", None),
        ("respond-async", None),
    ],
)
async def test_the_answer_says_which_wait_was_applied_and_that_it_depends_on_it(
    owner: Client, prefer: str | None, applied: str | None
) -> None:
    await domain(owner)
    answer = await owner.get("/api/events", headers={} if prefer is None else {"Prefer": prefer})
    assert answer.headers.get("Preference-Applied") == applied
    assert answer.headers["Vary"] == "Prefer"
    assert len(answer.json["events"]) == 1


@pytest.mark.parametrize("leaves", ["closing", "resetting"])
async def test_nothing_waits_any_longer_for_a_client_that_has_left(
    addresses: tuple[int, object], owner: Client, feed: EventFeed, log_lines: list[EventDict], leaves: str
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
    writer.write(asked(owner, "/api/events", "Prefer: wait=60"))
    await until(lambda: waits(feed))
    if leaves == "closing":
        writer.close()
        await writer.wait_closed()
    else:
        writer.transport.abort()
    async with asyncio.timeout(10):
        while feed.waiter_counts or not any(line["event"] == "api.request" for line in log_lines):
            await asyncio.sleep(0.005)
    assert not [line for line in log_lines if line["log_level"] in ("warning", "error")]


async def test_a_request_behind_one_that_waits_is_answered_after_it(
    addresses: tuple[int, object], owner: Client, feed: EventFeed
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", addresses[0])
    writer.write(asked(owner, "/api/events", "Prefer: wait=30") + asked(owner, "/health", "Connection: close"))
    await until(lambda: waits(feed))
    await domain(owner)
    async with asyncio.timeout(10):
        answers = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answers.index(b'"sequence":1') < answers.index(b'"status":"ok"')


def asked(client: Client, path: str, header: str) -> bytes:
    """A request as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n{header}\r\n\r\n".encode()


async def waits(feed: EventFeed, *, nobody: bool = False) -> bool:
    return bool(feed.waiter_counts) is not nobody
