"""What a token that is limited to some domains sees: those, and nothing of the others."""

import asyncio
from typing import Any

import pytest

from dcvd.core.tokens.reach import parse_reach
from dcvd.core.tokens.token import Role
from dcvd.services.context import Context
from dcvd.services.tokens import minting
from dcvd.services.tokens.rights import TokenLimits
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Client, problem

NAMES = ["a.inside.com", "www.inside.com", "deep.www.inside.com", "inside.org", "www.outside.com"]
SEEN = {"a.inside.com", "www.inside.com", "deep.www.inside.com"}


@pytest.fixture
async def ids(owner: Client) -> dict[str, str]:
    """The domains by name, with a webhook to which all of their events are owed."""
    await owner.post("/api/webhooks", {"url": "https://hooks.customer.com/", "events": ["domain.added"]})
    found = {}
    for name in NAMES:
        found[name] = (await owner.post("/api/domains", {"domainName": name})).json["domain"]["id"]
    return found


@pytest.fixture
async def limited(context: Context, organization: Organization, anybody: Client, ids: dict[str, str]) -> Client:
    """An admin who is limited to all names below one, and to a domain by its id."""
    return await bearer(context, organization, anybody, ["*.inside.com"])


async def bearer(context: Context, organization: Organization, anybody: Client, domains: list[str]) -> Client:
    minted = await minting.create(
        context,
        organization.id,
        name="limited",
        role=Role.ADMIN,
        expires_at=None,
        limits=TokenLimits(domains=domains),
    )
    return anybody.as_bearer(minted.plaintext.reveal())


def names(answer: Any, member: str) -> set[str]:
    return {each["domainName"] for each in answer.json[member]}


async def test_lists_and_searches_hold_its_domains_alone(limited: Client) -> None:
    assert names(await limited.get("/api/domains"), "domains") == SEEN
    assert names(await limited.get("/api/domains?status=pending_cname"), "domains") == SEEN
    assert names(await limited.get("/api/domains?search=www"), "domains") == SEEN - {"a.inside.com"}
    assert names(await limited.get("/api/domains?search=inside"), "domains") == SEEN
    assert names(await limited.get("/api/domains?search=www.outside"), "domains") == set()
    table = (await limited.get("/api/domains.csv")).body.decode().splitlines()
    assert len(table) == 1 + len(SEEN)


async def test_pages_of_its_domains_go_on_where_the_last_one_ended(limited: Client) -> None:
    found, cursor = [], ""
    while True:
        page = (await limited.get(f"/api/domains?limit=1{cursor}")).json
        found += [domain["domainName"] for domain in page["domains"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert len(found) == len(SEEN)
    assert set(found) == SEEN


async def test_a_domain_can_be_given_by_its_id(
    context: Context, organization: Organization, anybody: Client, ids: dict[str, str]
) -> None:
    client = await bearer(context, organization, anybody, [ids["inside.org"], "www.inside.com"])
    assert names(await client.get("/api/domains"), "domains") == {"inside.org", "www.inside.com"}
    assert (await client.get(f"/api/domains/{ids['inside.org']}")).status == 200
    problem(await client.get(f"/api/domains/{ids['a.inside.com']}"), 404, "not_found")


async def test_jobs_deliveries_and_events_are_those_of_its_domains(limited: Client, ids: dict[str, str]) -> None:
    assert names(await limited.get("/api/jobs"), "jobs") == SEEN
    seen_ids = {ids[name] for name in SEEN}
    deliveries = (await limited.get("/api/deliveries")).json["deliveries"]
    assert {delivery["domainId"] for delivery in deliveries} == seen_ids
    events = (await limited.get("/api/events")).json["events"]
    assert {event["data"]["domain_name"] for event in events} == SEEN


async def test_the_event_of_a_removed_domain_is_still_seen(limited: Client, ids: dict[str, str]) -> None:
    assert (await limited.delete(f"/api/domains/{ids['a.inside.com']}")).status in (200, 204)
    events = (await limited.get("/api/events?types=domain.removed")).json["events"]
    assert [event["data"]["domain_name"] for event in events] == ["a.inside.com"]


async def test_a_long_poll_waits_on_when_another_domain_has_an_event(limited: Client, owner: Client) -> None:
    last = (await limited.get("/api/events")).json["nextCursor"]
    waiting = asyncio.create_task(limited.get(f"/api/events?after={last}", headers={"Prefer": "wait=30"}), name="poll")
    await owner.post("/api/domains", {"domainName": "other.outside.com"})
    await owner.post("/api/domains", {"domainName": "new.inside.com"})
    async with asyncio.timeout(10):
        events = (await waiting).json["events"]
    assert [event["data"]["domain_name"] for event in events] == ["new.inside.com"]


async def test_only_names_within_its_limit_are_added_or_diagnosed(limited: Client) -> None:
    problem(await limited.post("/api/domains", {"domainName": "new.outside.com"}), 403, "outside_reach")
    problem(await limited.post("/api/diagnose", {"domainName": "new.outside.com"}), 403, "outside_reach")
    assert (await limited.post("/api/domains", {"domainName": "new.inside.com"})).status == 201
    assert (await limited.post("/api/diagnose", {"domainName": "newer.inside.com"})).status == 200
    body = {"domains": [{"domainName": "x.outside.com"}, {"domainName": "x.inside.com"}]}
    results = (await limited.post("/api/domains/bulk", body)).json["results"]
    assert [result["outcome"] for result in results] == ["refused", "created"]
    assert results[0]["error"]["code"] == "outside_reach"


async def test_a_bulk_removal_finds_no_other_domains(limited: Client, ids: dict[str, str]) -> None:
    body = {"domainIds": [ids["www.outside.com"], ids["www.inside.com"]]}
    results = (await limited.post("/api/domains/bulk/delete", body)).json["results"]
    assert [result["outcome"] for result in results] == ["refused", "removed"]
    assert results[0]["error"]["code"] == "not_found"
    body = {"domainNames": ["www.outside.com"]}
    results = (await limited.post("/api/domains/bulk/delete", body)).json["results"]
    assert [result["error"]["code"] for result in results] == ["not_found"]


async def test_a_repeat_of_anothers_bulk_call_shows_it_no_domain_beyond(
    limited: Client, owner: Client, ids: dict[str, str]
) -> None:
    body, headers = {"domains": [{"domainName": "www.outside.com"}]}, {"Idempotency-Key": "import"}
    assert (await owner.post("/api/domains/bulk", body, headers=headers)).status == 200
    problem(await limited.post("/api/domains/bulk", body, headers=headers), 409, "idempotency_key_reused")


async def test_tokens_with_another_reach_are_neither_listed_nor_found(limited: Client, owner: Client) -> None:
    inner = (await limited.post("/api/tokens", {"name": "inner", "domains": ["www.inside.com"]})).json["token"]
    outer = (await owner.post("/api/tokens", {"name": "outer"})).json["token"]
    listed = {token["name"] for token in (await limited.get("/api/tokens")).json["tokens"]}
    assert listed == {"limited", "inner"}
    assert (await limited.get(f"/api/tokens/{inner['id']}")).status == 200
    problem(await limited.get(f"/api/tokens/{outer['id']}"), 404, "not_found")
    problem(await limited.delete(f"/api/tokens/{outer['id']}"), 404, "not_found")


@pytest.mark.parametrize(
    ("entries", "covered", "not_covered"),
    [
        (["*.a.com"], [["*.a.com"], ["x.a.com"], ["*.x.a.com"]], [["a.com"], ["*.com"], ["dom_1"]]),
        (["a.com", "dom_1"], [["a.com"], ["dom_1"]], [["*.a.com"], ["x.a.com"], ["b.com"]]),
    ],
)
def test_a_reach_covers_what_lies_within_it(
    entries: list[str], covered: list[list[str]], not_covered: list[list[str]]
) -> None:
    reach = parse_reach(entries)
    assert [each for each in covered if not reach.covers_all_of(parse_reach(each))] == []
    assert [each for each in not_covered if reach.covers_all_of(parse_reach(each))] == []
