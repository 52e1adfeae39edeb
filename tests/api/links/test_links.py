"""`/api/links`: an organization makes, sees and ends links."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.config import Config
from dcvd.config.oauth_sections import OauthConfig
from dcvd.core.instants import DAY, MINUTE, SECOND, to_rfc3339
from dcvd.core.tokens.token import Role
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.links import creation
from dcvd.services.links.expiry import MAX_EXPIRED
from dcvd.services.organizations import quotas
from dcvd.services.tokens import minting
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store import links
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import domain
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import NOW

RETURN_TO = "https://app.example.net/done"


async def created(client: Client, domain_id: str | None = None, **body: Any) -> dict[str, Any]:
    path = "/api/links" if domain_id is None else f"/api/domains/{domain_id}/links"
    answer = await client.post(path, body)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json["link"]
    assert answer.headers["Location"] == f"/api/links/{found['id']}"
    return found


async def ids_of(client: Client, query: str = "") -> list[str]:
    return [link["id"] for link in (await client.get(f"/api/links{query}")).json["links"]]


async def test_the_token_of_a_link_is_shown_once(owner: Client, organization: Organization) -> None:
    domain_id = await domain(owner)
    link = await created(owner, domain_id)
    assert re.fullmatch(r"dcv_link_[0-9a-f]{32}", link["token"])
    assert link["url"] == f"https://dcv.example.net/connect/{link['token']}"
    shown = (await owner.get(f"/api/links/{link['id']}")).json["link"]
    assert shown == {name: value for name, value in link.items() if name not in ("token", "url")}
    assert (await owner.get("/api/links")).json == {"links": [shown], "nextCursor": None}
    assert shown == {
        "id": link["id"],
        "orgId": organization.id,
        "purpose": "setup",
        "status": "active",
        "domainId": domain_id,
        "returnTo": None,
        "createdAt": to_rfc3339(NOW),
        "expiresAt": to_rfc3339(NOW + DAY),
        "lastUsedAt": None,
        "mintedBy": (await owner.get("/api/whoami")).json["caller"]["id"],
        "memberId": None,
    }


async def test_its_token_stands_nowhere_in_the_database(owner: Client, context: Context) -> None:
    link = await created(owner, purpose="new")
    stored = await context.database.read(
        lambda snapshot: repr(snapshot.fetch_all("SELECT * FROM links WHERE id = ?", (link["id"],)))
    )
    assert link["id"] in stored
    assert link["token"].removeprefix("dcv_link_") not in stored


@pytest.mark.parametrize("seconds", [60, 30 * 86400])
async def test_it_works_for_as_long_as_is_asked_and_not_a_millisecond_longer(
    owner: Client, anybody: Client, clock: ManualClock, seconds: int
) -> None:
    link = await created(owner, expiresIn=seconds)
    customer = anybody.as_bearer(link["token"])
    clock.advance(seconds * SECOND - 1)
    assert (await customer.get("/api/whoami")).status == 200
    clock.advance(1)
    problem(await customer.get("/api/whoami"), 401, "unauthenticated")
    assert (await owner.get(f"/api/links/{link['id']}")).json["link"]["status"] == "expired"


@pytest.mark.parametrize("seconds", [59, 30 * 86400 + 1, 0, -1])
async def test_a_lifetime_out_of_bounds_is_refused(owner: Client, seconds: int) -> None:
    problem(await owner.post("/api/links", {"expiresIn": seconds}), 400, "invalid_input", field="expiresIn")


async def test_customers_are_sent_only_to_where_the_operator_or_the_branding_allows(
    owner: Client, context: Context, config: Config
) -> None:
    context.live_config.value = replace(config, oauth=OauthConfig(return_to=(RETURN_TO,)))
    assert (await created(owner, returnTo=RETURN_TO))["returnTo"] == RETURN_TO
    own = "https://shop.example/back"
    problem(await owner.post("/api/links", {"returnTo": own}), 400, "invalid_input", field="returnTo")
    assert (await owner.patch("/api/organization/branding", {"returnUrl": own})).status == 200
    assert (await created(owner, returnTo=own))["returnTo"] == own
    problem(await owner.post("/api/links", {"returnTo": f"{RETURN_TO}/"}), 400, "invalid_input", field="returnTo")


@pytest.mark.parametrize(("path", "purpose"), [("/api/links", "setup"), ("/api/domains/{}/links", "new")])
async def test_a_purpose_that_does_not_belong_to_the_call_is_refused(owner: Client, path: str, purpose: str) -> None:
    answer = await owner.post(path.format(await domain(owner)), {"purpose": purpose})
    problem(answer, 400, "invalid_input", field="purpose")


async def test_the_list_is_for_one_domain_or_of_one_status_page_by_page(owner: Client, clock: ManualClock) -> None:
    first, second = await domain(owner, "a.customer.com"), await domain(owner, "b.customer.com")
    short = await created(owner, first, expiresIn=60)
    clock.advance(60 * SECOND)
    links = []
    for domain_id in (first, second, None):
        clock.advance(1)
        links.append(await created(owner, domain_id))
    newest_first = [link["id"] for link in (*reversed(links), short)]
    assert await ids_of(owner) == newest_first
    assert await ids_of(owner, f"?domainId={first}") == [links[0]["id"], short["id"]]
    assert await ids_of(owner, "?status=expired") == [short["id"]]
    assert await ids_of(owner, f"?status=active&domainId={first}") == [links[0]["id"]]
    page = (await owner.get("/api/links?limit=3")).json
    assert await ids_of(owner, f"?limit=3&cursor={page['nextCursor']}") == newest_first[3:]
    problem(await owner.get("/api/links?status=revoked"), 400, "invalid_input", field="status")


async def test_a_token_for_some_domains_makes_and_sees_links_for_those_alone(owner: Client) -> None:
    inside, outside = await domain(owner, "a.inside.com"), await domain(owner, "a.outside.com")
    body = {"name": "limited", "role": "admin", "domains": ["*.inside.com"]}
    limited = owner.as_bearer((await owner.post("/api/tokens", body)).json["token"]["token"])
    own, others = await created(limited, inside), await created(owner, outside)
    new = await created(owner)
    assert await ids_of(limited) == [own["id"]]
    assert await ids_of(limited, "?limit=1") == [own["id"]]
    assert (await limited.get(f"/api/links/{own['id']}")).status == 200
    for link in (others, new):
        problem(await limited.get(f"/api/links/{link['id']}"), 404, "not_found")
        problem(await limited.delete(f"/api/links/{link['id']}"), 404, "not_found")
    problem(await limited.post(f"/api/domains/{outside}/links"), 404, "not_found")
    problem(await limited.post("/api/links"), 403, "outside_reach")


async def test_the_pages_of_a_token_for_some_domains_go_on_where_the_last_one_ended(
    owner: Client, clock: ManualClock
) -> None:
    inside, outside = await domain(owner, "a.inside.com"), await domain(owner, "a.outside.com")
    body = {"name": "limited", "domains": ["a.inside.com"]}
    limited = owner.as_bearer((await owner.post("/api/tokens", body)).json["token"]["token"])
    links = []
    for domain_id in (inside, outside, inside, outside, inside):
        clock.advance(1)
        links.append((await created(owner, domain_id))["id"])
    found, cursor = [], ""
    while True:
        page = (await limited.get(f"/api/links?limit=1{cursor}")).json
        found += [link["id"] for link in page["links"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert found == links[::-2]


async def test_a_quota_bounds_the_links_that_work(
    owner: Client, context: Context, organization: Organization, clock: ManualClock
) -> None:
    await quotas.set_quotas(context, organization.id, {"links": 2})
    first = await created(owner, expiresIn=60)
    await created(owner)
    problem(await owner.post("/api/links"), 403, "quota_reached")
    clock.advance(60 * SECOND)
    await created(owner)
    problem(await owner.post("/api/links"), 403, "quota_reached")
    assert (await owner.get(f"/api/links/{first['id']}")).json["link"]["status"] == "expired"


async def test_expired_links_go_after_some_days(owner: Client, context: Context, clock: ManualClock) -> None:
    await created(owner, expiresIn=60)
    kept = await created(owner, expiresIn=86400 * 20)
    janitor = Janitor(context, TokenUsage(), Metrics())
    clock.advance(60 * SECOND + context.config.retention.tokens)
    await janitor.run_once()
    assert len(await ids_of(owner)) == 2
    clock.advance(1)
    await janitor.run_once()
    assert await ids_of(owner) == [kept["id"]]


async def test_so_many_expired_links_of_an_organization_are_kept(
    owner: Client, context: Context, organization: Organization, clock: ManualClock
) -> None:
    await quotas.set_quotas(context, organization.id, {"links": MAX_EXPIRED + 3})
    made = []
    for _ in range(MAX_EXPIRED + 3):
        made.append((await creation.create(context, organization.id, domain_id=None, lifetime_ms=MINUTE)).link.id)
        clock.advance(1)
    clock.advance(MINUTE)
    new = await created(owner)
    kept = await context.database.read(lambda snapshot: links.list_of_org(snapshot, organization.id, 0, limit=1000))
    assert [link.id for link in kept] == [new["id"], *reversed(made[3:])]


async def test_a_link_never_outlasts_the_token_that_makes_it(
    owner: Client, anybody: Client, context: Context, organization: Organization
) -> None:
    minted = await minting.create(context, organization.id, name="brief", role=Role.ADMIN, expires_at=NOW + MINUTE * 5)
    brief = anybody.as_bearer(minted.plaintext.reveal())
    for link in (await created(brief), await created(brief, expiresIn=86400)):
        assert link["expiresAt"] == to_rfc3339(NOW + MINUTE * 5)
    assert (await created(brief, expiresIn=60))["expiresAt"] == to_rfc3339(NOW + MINUTE)


async def test_a_link_says_when_it_was_last_used(owner: Client, anybody: Client, clock: ManualClock) -> None:
    link = await created(owner)
    clock.advance(5000)
    await anybody.as_bearer(link["token"]).get("/api/whoami")
    assert (await owner.get(f"/api/links/{link['id']}")).json["link"]["lastUsedAt"] == to_rfc3339(NOW + 5000)
    (listed,) = (await owner.get("/api/links")).json["links"]
    assert listed["lastUsedAt"] == to_rfc3339(NOW + 5000)
