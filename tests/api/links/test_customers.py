"""What a customer does by a link: they set up one domain, and learn of nothing else."""

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import ApiToken
from dcvd.core.secret import Secret
from dcvd.http.limits.admission_limits import MAX_SYNCS_PER_MINUTE
from dcvd.http.limits.rate_limits import RateLimiter
from dcvd.services.connections import creation
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.api.links.test_links import created
from tests.api.webhooks.owed import domain
from tests.manual_clock import ManualMonotonic
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import FakeLooker, FakeObserver


@pytest.fixture
async def newcomer(owner: Client, anybody: Client) -> Client:
    """A customer who has yet to type the name of their domain."""
    return anybody.as_bearer((await created(owner))["token"])


async def customer_of(owner: Client, domain_id: str) -> Client:
    return owner.as_bearer((await created(owner, domain_id))["token"])


async def connection_of(context: Context, org_id: str, link_id: str | None = None) -> str:
    connection = await creation.create(
        context,
        org_id,
        Provider.CLOUDFLARE,
        ApiToken(token=Secret("t0ken")),
        account=None,
        scopes=(),
        expires_at=None,
        refresh_at=None,
        actor="operator",
        link_id=link_id,
    )
    return connection.id


async def link_id_of(client: Client) -> str:
    return str((await client.get("/api/whoami")).json["caller"]["id"])


async def test_a_customer_sees_their_domain_and_has_it_checked(owner: Client, looker: FakeLooker) -> None:
    domain_id = await domain(owner)
    customer = await customer_of(owner, domain_id)
    path = f"/api/domains/{domain_id}"
    assert (await customer.get(path)).json == (await owner.get(path)).json
    assert (await customer.post(f"{path}/sync")).json["domain"]["status"] == "active"
    assert looker.looked == [domain_id]
    assert (await customer.get(f"{path}/diagnosis")).json["diagnosis"]["domainName"] == "app.customer.com"
    entries = (await owner.get(f"{path}/timeline")).json["timeline"]
    assert f"link:{await link_id_of(customer)}" in {entry["actor"] for entry in entries}


async def test_whoami_says_what_the_link_is_for(owner: Client, newcomer: Client) -> None:
    domain_id = await domain(owner)
    shown = (await (await customer_of(owner, domain_id)).get("/api/whoami")).json["caller"]
    assert (shown["kind"], shown["role"], shown["domains"]) == ("link", "member", [domain_id])
    assert shown["link"] == {"purpose": "setup", "domainId": domain_id, "returnTo": None}
    assert shown["expiresAt"] is not None
    shown = (await newcomer.get("/api/whoami")).json["caller"]
    assert (shown["domains"], shown["link"]["purpose"], shown["link"]["domainId"]) == ([], "new", None)


async def test_by_a_new_link_one_domain_is_added_and_it_is_the_links_from_then_on(
    owner: Client, newcomer: Client
) -> None:
    added = (await newcomer.post("/api/domains", {"domainName": "www.customer.com"})).json["domain"]
    assert (await newcomer.get(f"/api/domains/{added['id']}")).json["domain"] == added
    shown = (await newcomer.get("/api/whoami")).json["caller"]
    assert (shown["domains"], shown["link"]["domainId"]) == ([added["id"]], added["id"])
    (entry,) = (await owner.get("/api/audit?action=domain.added")).json["audit"]
    assert entry["actor"] == f"link:{shown['id']}"
    problem(await newcomer.post("/api/domains", {"domainName": "www.second.com"}), 409, "link_used")
    problem(await newcomer.post("/api/diagnose", {"domainName": "www.second.com"}), 403, "outside_reach")
    assert len((await owner.get("/api/domains")).json["domains"]) == 1


async def test_whoever_adds_it_again_because_the_answer_was_lost_gets_the_same_domain(
    owner: Client, newcomer: Client
) -> None:
    answers = [await newcomer.post("/api/domains", {"domainName": "www.customer.com"}) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert len((await owner.get("/api/domains")).json["domains"]) == 1
    assert len((await owner.get("/api/jobs")).json["jobs"]) == 1


async def test_customers_have_no_answers_remembered_of_which_the_organization_may_have_so_many(
    owner: Client, newcomer: Client
) -> None:
    body, key = {"domainName": "www.customer.com"}, {"Idempotency-Key": "add-domain"}
    answer = await newcomer.post("/api/domains", body, headers=key)
    problem(answer, 400, "idempotency_key_unsupported", field="Idempotency-Key")
    assert (await owner.post("/api/domains", body, headers=key)).status == 201


async def test_a_customer_learns_of_no_other_domain_of_the_organization(
    owner: Client, newcomer: Client, observer: FakeObserver
) -> None:
    other_id = await domain(owner, "www.other.com")
    found = problem(await newcomer.post("/api/domains", {"domainName": "www.other.com"}), 409, "domain_exists")
    assert "existingId" not in found
    assert other_id not in str(found)
    theirs = (await newcomer.post("/api/diagnose", {"domainName": "www.other.com"})).json["diagnosis"]
    nobodys = (await newcomer.post("/api/diagnose", {"domainName": "www.nobody.com"})).json["diagnosis"]
    assert (theirs["registered"], theirs["domainId"]) == ("nobody", None)
    assert str(theirs).replace("other.com", "nobody.com") == str(nobodys)
    problem(await newcomer.post("/api/diagnose?explain=true", {"domainName": "www.nobody.com"}), 403, "forbidden")
    assert (await newcomer.post("/api/domains", {"domainName": "www.customer.com"})).status == 201


async def test_a_setup_link_adds_nothing_and_asks_about_no_other_name(owner: Client) -> None:
    customer = await customer_of(owner, await domain(owner))
    for name in ("www.new.com", "app.customer.com"):
        problem(await customer.post("/api/domains", {"domainName": name}), 403, "outside_reach")
        problem(await customer.post("/api/diagnose", {"domainName": name}), 403, "outside_reach")


async def test_a_customer_sees_and_uses_only_connections_that_were_made_by_their_link(
    owner: Client, newcomer: Client, context: Context, organization: Organization
) -> None:
    foreign = await connection_of(context, organization.id)
    added = await owner.post("/api/domains", {"domainName": "www.customer.com", "connectionId": foreign})
    domain_id = added.json["domain"]["id"]
    customer = await customer_of(owner, domain_id)
    own = await connection_of(context, organization.id, await link_id_of(customer))
    assert [each["id"] for each in (await customer.get("/api/oauth/connections")).json["connections"]] == [own]
    assert (await customer.get(f"/api/oauth/connections/{own}")).status == 200
    problem(await customer.get(f"/api/oauth/connections/{foreign}"), 404, "not_found")
    path = f"/api/domains/{domain_id}"
    assert (await owner.get(path)).json["domain"]["connectionId"] == foreign
    assert (await customer.get(path)).json["domain"]["connectionId"] is None
    assert (await customer.post(f"{path}/sync")).json["domain"]["connectionId"] is None
    for body in ({"connectionId": foreign}, {"connectionId": foreign, "dryRun": True}):
        problem(await customer.post(f"{path}/dns", body), 400, "connection_not_found", field="connectionId")
    problem(await customer.post(f"{path}/dns", {}), 400, "invalid_input", field="connectionId")
    for connection_id in (foreign, own):
        new = {"domainName": "www.second.com", "connectionId": connection_id}
        problem(await newcomer.post("/api/domains", new), 400, "connection_not_found", field="connectionId")


async def test_customers_use_up_nothing_of_what_the_organizations_tokens_may_ask(
    owner: Client, anybody: Client, app: Api, context: Context, monotonic: ManualMonotonic
) -> None:
    customers = [anybody.as_bearer((await created(owner))["token"]) for _ in range(3)]
    limits = replace(context.config.limits, token_reads_per_minute=3, reads_per_minute=5)
    context.live_config.value = replace(context.config, limits=limits)
    app.services.rate_limiter = RateLimiter(context, monotonic)
    statuses = [(await customers[0].get("/api/whoami")).status for _ in range(4)]
    assert statuses == [200, 200, 200, 429], "each has what a token has"
    statuses = [(await customers[1].get("/api/whoami")).status for _ in range(3)]
    assert statuses == [200, 200, 429], "all links together have what an organization has"
    assert [(await owner.get("/api/whoami")).status for _ in range(3)] == [200, 200, 200]


async def test_a_customer_who_has_their_domain_checked_all_the_time_keeps_nobody_else_from_it(
    owner: Client, looker: FakeLooker
) -> None:
    domain_ids = [await domain(owner, name) for name in ("a.customer.com", "b.customer.com")]
    restless, other = [await customer_of(owner, domain_id) for domain_id in domain_ids]
    statuses = [(await restless.post(f"/api/domains/{domain_ids[0]}/sync")).status for _ in range(20)]
    assert statuses[0] == 200
    assert statuses[-1] == 202
    assert (await other.post(f"/api/domains/{domain_ids[1]}/sync")).status == 200
    statuses = [(await owner.post(f"/api/domains/{domain_ids[0]}/sync")).status for _ in range(MAX_SYNCS_PER_MINUTE)]
    assert statuses == [200] * MAX_SYNCS_PER_MINUTE


@pytest.fixture
def monotonic() -> ManualMonotonic:
    return ManualMonotonic()
