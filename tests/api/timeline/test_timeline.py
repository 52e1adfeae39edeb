"""`/api/domains/{id}/timeline`."""

from typing import Any

import pytest

from dcvd.core.instants import MINUTE
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import FakeLooker

NAME = "app.customer.com"


async def added(client: Client) -> str:
    found: str = (await client.post("/api/domains", {"domainName": NAME})).json["domain"]["id"]
    return found


async def timeline(client: Client, domain_id: str, query: str = "") -> list[dict[str, Any]]:
    answer = await client.get(f"/api/domains/{domain_id}/timeline{query}")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json["timeline"]
    return found


async def test_why_a_domain_became_active_is_told_from_the_request_to_the_event(
    owner: Client, clock: ManualClock
) -> None:
    token_id = (await owner.get("/api/tokens")).json["tokens"][0]["id"]
    domain_id = await added(owner)
    clock.advance(MINUTE)
    await owner.post(f"/api/domains/{domain_id}/sync")
    entries = await timeline(owner, domain_id)
    assert [(entry["kind"], entry["what"], entry["actor"]) for entry in entries] == [
        ("request", "added", f"token:{token_id}"),
        ("job", "register", None),
        ("event", "domain.added", None),
        ("request", "sync", f"token:{token_id}"),
        ("observation", None, f"token:{token_id}"),
        ("transition", None, f"token:{token_id}"),
        ("event", "dns.verified", None),
        ("event", "domain.active", None),
    ]
    assert {entry["at"] for entry in entries[3:]} == {"2027-01-15T08:01:00Z"}
    observation, transition, verified = entries[4:7]
    assert {"field": "cfStatus", "before": None, "after": "active"} in observation["changes"]
    assert transition["changes"] == [
        {"field": "status", "before": "pending_cname", "after": "active"},
        {"field": "proof", "before": None, "after": "shared_cname"},
    ]
    assert verified["event"]["event"] == "dns.verified"
    assert verified["id"] == verified["event"]["id"]
    assert entries[1]["job"]["status"] == "pending"
    sentences = [entry["sentence"] for entry in entries]
    assert sentences[:2] == [
        "An API token added the domain.",
        "A job registers the hostname at Cloudflare. It is not done yet.",
    ]
    assert sentences[4].startswith("A check found something new: ")
    assert sentences[5].startswith("Its status turned from pending_cname to active. ")
    assert sentences[7] == "The event domain.active was written for the webhooks that want it."


async def test_it_is_told_in_the_language_that_the_client_likes_best(owner: Client) -> None:
    domain_id = await added(owner)
    for headers, language, says in (
        ({"Accept-Language": "de-AT, en;q=0.5"}, "de", "Ein API-Token hat die Domain hinzugefügt."),
        ({}, "en", "An API token added the domain."),
    ):
        answer = await owner.get(f"/api/domains/{domain_id}/timeline", headers=headers)
        assert (answer.headers["content-language"], answer.headers["vary"]) == (language, "Accept-Language")
        assert answer.json["timeline"][0]["sentence"] == says


async def test_it_can_be_read_from_the_newest_on_page_by_page(owner: Client) -> None:
    domain_id = await added(owner)
    await owner.post(f"/api/domains/{domain_id}/sync")
    whole = await timeline(owner, domain_id)
    assert await timeline(owner, domain_id, "?order=oldest") == whole
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await owner.get(f"/api/domains/{domain_id}/timeline?order=newest&limit=3{cursor}")).json
        seen += page["timeline"]
        assert len(seen) <= len(whole)
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert seen == whole[::-1]


async def test_a_removed_domain_has_one_for_its_own_organization_alone(owner: Client, stranger: Client) -> None:
    domain_id = await added(owner)
    await owner.delete(f"/api/domains/{domain_id}")
    assert [entry["what"] for entry in await timeline(owner, domain_id)][-1] == "domain.removed"
    theirs = problem(await stranger.get(f"/api/domains/{domain_id}/timeline"), 404, "not_found")
    missing = problem(await stranger.get("/api/domains/dom_missing/timeline"), 404, "not_found")
    assert theirs["detail"].replace(domain_id, "dom_missing") == missing["detail"]


@pytest.mark.parametrize(
    ("query", "field"), [("order=up", "order"), ("limit=0", "limit"), ("cursor=_w", "cursor"), ("cursor=YQ", "cursor")]
)
async def test_a_bad_query_is_400_naming_it(owner: Client, looker: FakeLooker, query: str, field: str) -> None:
    domain_id = await added(owner)
    problem(await owner.get(f"/api/domains/{domain_id}/timeline?{query}"), 400, "invalid_input", field=field)
