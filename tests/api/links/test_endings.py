"""What ends a link ends what is open by it, and nothing else."""

import asyncio

import pytest

from dcvd.core.instants import to_rfc3339
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store.organizations.organizations import Organization
from tests.api.links.test_links import created, ids_of
from tests.api.webhooks.owed import domain
from tests.manual_clock import ManualClock
from tests.served_app.client import Answer, Client, problem
from tests.served_app.stand_ins import FakeLooker, FakeObserver
from tests.waiting import until


async def begin_diagnosis(customer: Client, observer: FakeObserver) -> asyncio.Task[Answer]:
    """Ask about a name, and return once DNS is being asked, which lasts until `observer.gate` opens."""
    observer.gate.clear()
    asked = len(observer.asked)
    asking = asyncio.create_task(customer.post("/api/diagnose", {"domainName": "www.new.com"}), name="test.diagnosis")

    async def is_asked() -> bool:
        return len(observer.asked) > asked

    await until(is_asked, 10)
    return asking


async def test_the_open_request_of_a_revoked_link_ends_at_once(
    owner: Client, anybody: Client, observer: FakeObserver
) -> None:
    link, other = await created(owner), await created(owner)
    asking = await begin_diagnosis(anybody.as_bearer(link["token"]), observer)
    other_asking = await begin_diagnosis(anybody.as_bearer(other["token"]), observer)
    assert (await owner.delete(f"/api/links/{link['id']}")).status == 204
    async with asyncio.timeout(5):
        problem(await asking, 401, "unauthenticated")
    problem(await anybody.as_bearer(link["token"]).get("/api/whoami"), 401, "unauthenticated")
    observer.gate.set()
    assert (await other_asking).status == 200


async def test_the_open_check_of_a_revoked_link_ends_at_once(
    owner: Client, anybody: Client, looker: FakeLooker
) -> None:
    domain_id = await domain(owner)
    link = await created(owner, domain_id)
    looker.hangs = True
    sync = anybody.as_bearer(link["token"]).post(f"/api/domains/{domain_id}/sync")
    checking = asyncio.create_task(sync, name="test.check")

    async def is_looking() -> bool:
        return bool(looker.looked)

    await until(is_looking, 10)
    assert (await owner.delete(f"/api/links/{link['id']}")).status == 204
    async with asyncio.timeout(4):  # it would end by itself after five seconds
        problem(await checking, 401, "unauthenticated")
    assert looker.cancelled


async def test_the_open_request_of_a_link_that_expires_ends_then(
    owner: Client, anybody: Client, observer: FakeObserver, clock: ManualClock
) -> None:
    link = await created(owner, expiresIn=60)
    clock.advance(60_000 - 200)
    asking = await begin_diagnosis(anybody.as_bearer(link["token"]), observer)
    async with asyncio.timeout(5):
        problem(await asking, 401, "unauthenticated")


async def test_a_link_ends_with_its_domain(owner: Client, anybody: Client) -> None:
    domain_id = await domain(owner)
    link = await created(owner, domain_id)
    assert (await owner.delete(f"/api/domains/{domain_id}")).status == 200
    problem(await anybody.as_bearer(link["token"]).get("/api/whoami"), 401, "unauthenticated")
    assert await ids_of(owner) == []


@pytest.mark.parametrize("has_open_request", [False, True])
async def test_a_link_rests_while_its_organization_is_suspended(
    owner: Client, operator: Client, anybody: Client, observer: FakeObserver, has_open_request: bool
) -> None:
    customer = anybody.as_bearer((await created(owner))["token"])
    asking = await begin_diagnosis(customer, observer) if has_open_request else None
    await operator.post("/operator/organizations/Acme/suspend")
    if asking is not None:
        async with asyncio.timeout(5):
            problem(await asking, 403, "organization_suspended")
    problem(await customer.get("/api/whoami"), 403, "organization_suspended")
    await operator.post("/operator/organizations/Acme/resume")
    assert (await customer.get("/api/whoami")).status == 200


async def minted(owner: Client) -> tuple[str, Client]:
    token = (await owner.post("/api/tokens", {"name": "minter", "role": "admin"})).json["token"]
    return token["id"], owner.as_bearer(token["token"])


async def test_the_links_of_a_token_end_with_it_and_its_descendants_where_that_is_asked(
    owner: Client, anybody: Client
) -> None:
    parent_id, parent = await minted(owner)
    _, child = await minted(parent)
    own, below, other = await created(parent), await created(child), await created(owner)
    assert (await owner.delete(f"/api/tokens/{parent_id}?descendants=true")).status == 204
    for link in (own, below):
        problem(await anybody.as_bearer(link["token"]).get("/api/whoami"), 401, "unauthenticated")
    assert await ids_of(owner) == [other["id"]]


async def test_the_links_of_a_token_that_is_revoked_alone_go_on_below_the_one_that_minted_it(
    owner: Client, anybody: Client
) -> None:
    parent_id, parent = await minted(owner)
    child_id, child = await minted(parent)
    link = await created(child)
    assert (await owner.delete(f"/api/tokens/{child_id}")).status == 204
    assert (await anybody.as_bearer(link["token"]).get("/api/whoami")).status == 200
    assert (await owner.get(f"/api/links/{link['id']}")).json["link"]["mintedBy"] == parent_id
    assert (await owner.delete(f"/api/tokens/{parent_id}?descendants=true")).status == 204
    problem(await anybody.as_bearer(link["token"]).get("/api/whoami"), 401, "unauthenticated")


@pytest.mark.parametrize("keep_this", [True, False])
async def test_all_links_end_when_all_tokens_are_revoked_but_those_of_the_token_that_stays(
    owner: Client, anybody: Client, context: Context, organization: Organization, keep_this: bool
) -> None:
    _, other = await minted(owner)
    own, others = await created(owner), await created(other)
    assert (await owner.post("/api/tokens/revoke-all", {"keepThis": keep_this})).status == 200
    statuses = [(await anybody.as_bearer(link["token"]).get("/api/whoami")).status for link in (own, others)]
    assert statuses == [200 if keep_this else 401, 401]


@pytest.mark.parametrize(
    ("change", "works"),
    [({"status": "suspended"}, False), ({"role": "member"}, False), ({"role": "admin"}, True), (None, False)],
)
async def test_the_link_of_a_member_lets_do_nothing_that_they_may_not(
    owner: Client, anybody: Client, observer: FakeObserver, change: dict[str, str] | None, works: bool
) -> None:
    invited = (await owner.post("/api/members", {"address": "ann@customer.com", "role": "owner"})).json["member"]
    await anybody.post("/api/members/accept", {"token": invited["inviteToken"]})
    # Another owner has to stay.
    second = (await owner.post("/api/members", {"address": "bob@customer.com", "role": "owner"})).json["member"]
    await anybody.post("/api/members/accept", {"token": second["inviteToken"]})
    body = {"name": "hers", "role": "admin", "memberId": invited["id"]}
    hers = owner.as_bearer((await owner.post("/api/tokens", body)).json["token"]["token"])
    link = await created(hers)
    assert link["memberId"] == invited["id"]
    customer = anybody.as_bearer(link["token"])
    asking = await begin_diagnosis(customer, observer)
    path = f"/api/members/{invited['id']}"
    answer = await (owner.delete(path) if change is None else owner.patch(path, change))
    assert answer.status in (200, 204), answer.body
    async with asyncio.timeout(5):
        problem(await asking, *((403, "rights_changed") if works else (401, "unauthenticated")))
    assert (await customer.get("/api/whoami")).status == (200 if works else 401)


async def test_the_links_of_a_token_that_expired_long_ago_stay(
    owner: Client, context: Context, clock: ManualClock
) -> None:
    minted = (await owner.post("/api/tokens", {"name": "short", "role": "admin"})).json["token"]
    link = await created(owner.as_bearer(minted["token"]), expiresIn=30 * 86400)
    shortened = await owner.patch(f"/api/tokens/{minted['id']}", {"expiresAt": to_rfc3339(clock.now() + 1000)})
    assert shortened.status == 200
    clock.advance(1001 + context.config.retention.tokens)
    await Janitor(context, TokenUsage(), Metrics()).run_once()
    owner_id = (await owner.get("/api/whoami")).json["caller"]["id"]
    assert (await owner.get(f"/api/links/{link['id']}")).json["link"]["mintedBy"] == owner_id
