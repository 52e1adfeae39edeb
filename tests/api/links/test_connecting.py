"""A customer connects their DNS provider by a link: for its domain, and back to where the link leads."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from msgspec.structs import replace

from dcvd.services.connections.authorizations import MAX_UNUSED
from dcvd.services.links import connecting
from dcvd.services.organizations import quotas
from dcvd.store.organizations.organizations import Organization
from tests.api.links.test_links import created
from tests.api.oauth.conftest import RETURN_TO, account, flow, ours, server
from tests.api.oauth.flow import CONNECTIONS, Flow, Parameters
from tests.api.webhooks.owed import domain
from tests.oauth.servers import TENANTS
from tests.served_app.client import Client, problem

__all__ = ["account", "flow", "ours", "server"]

pytestmark = pytest.mark.parametrize("server", ["ours"], indirect=True)


class Customer:
    """A customer with a link for a domain of their own."""

    def __init__(self, flow: Flow, link: dict[str, Any]) -> None:
        self.flow = flow
        self.link = link
        self.client = flow.anybody.as_bearer(link["token"])

    async def consent(self, **body: Any) -> Parameters:
        """Begin, and consent at the provider: what it sends back through the browser."""
        begun = await self.client.post("/api/oauth/authorize", {"provider": "other", **body})
        assert begun.status == 200, begun.body
        return await self.flow.answered(begun.json)


@pytest.fixture
async def customer(flow: Flow) -> Customer:
    return Customer(flow, await created(flow.owner, await domain(flow.owner), returnTo=RETURN_TO))


async def test_the_browser_goes_where_the_link_leads_and_the_connection_is_the_customers(
    flow: Flow, customer: Customer, owner: Client
) -> None:
    answer = await flow.callback(await customer.consent())
    assert answer.status == 303
    back = urlsplit(answer.headers["Location"])
    assert back._replace(query="tab=dns").geturl() == RETURN_TO
    connection_id = dict(parse_qsl(back.query))["connection"]
    assert (await customer.client.get(f"{CONNECTIONS}/{connection_id}")).json["connection"]["status"] == "active"
    assert (await owner.get(f"{CONNECTIONS}/{connection_id}")).status == 200
    other = Customer(flow, await created(owner, await domain(owner, "www.other.com")))
    problem(await other.client.get(f"{CONNECTIONS}/{connection_id}"), 404, "not_found")
    entries = (await owner.get("/api/audit?actor=" + f"link:{customer.link['id']}")).json["audit"]
    assert [entry["action"] for entry in entries] == ["connection.created", "authorization.begun"]


async def test_a_page_of_the_tenants_own_exchanges_the_answer_by_the_link(flow: Flow, customer: Customer) -> None:
    back = await customer.consent(redirectUri=TENANTS)
    problem(await flow.exchange(back), 400, "invalid_state", field="state")
    answer = await flow.exchange(await customer.consent(redirectUri=TENANTS), customer.client)
    assert answer.status == 201, answer.body
    assert (await customer.client.get(answer.headers["Location"])).status == 200


async def test_an_authorization_that_was_not_begun_here_is_not_taken_by_a_link(flow: Flow, customer: Customer) -> None:
    config = flow.context.config
    oauth = replace(config.oauth, allow_foreign_authorization=True)
    flow.context.live_config.value = replace(config, oauth=oauth)
    body = {"provider": "other", "code": "x", "redirectUri": TENANTS}
    problem(await customer.client.post("/api/oauth/exchange", body), 400, "state_missing", field="state")


@pytest.mark.parametrize("through", ["callback", "exchange"])
async def test_nothing_is_connected_by_a_link_that_was_revoked_meanwhile(
    flow: Flow, customer: Customer, owner: Client, through: str
) -> None:
    back = await customer.consent(**({"redirectUri": TENANTS} if through == "exchange" else {}))
    assert (await owner.delete(f"/api/links/{customer.link['id']}")).status == 204
    answer = await (flow.callback(back) if through == "callback" else flow.exchange(back, customer.client))
    assert answer.status == (400 if through == "callback" else 401)
    await flow.assert_nothing_is_kept()


async def test_a_link_without_a_domain_connects_nothing(flow: Flow, owner: Client) -> None:
    newcomer = Customer(flow, await created(owner))
    body = {"provider": "other"}
    problem(await newcomer.client.post("/api/oauth/authorize", body), 403, "outside_reach")
    await newcomer.client.post("/api/domains", {"domainName": "www.new.com"})
    assert (await newcomer.client.post("/api/oauth/authorize", body)).status == 200


async def test_consent_is_asked_for_the_links_own_name_alone(customer: Customer) -> None:
    body = {"provider": "other", "domainName": "www.other.com"}
    problem(await customer.client.post("/api/oauth/authorize", body), 403, "outside_reach")
    # Its own name goes on to the provider, which wants none.
    body["domainName"] = "APP.customer.com"
    problem(await customer.client.post("/api/oauth/authorize", body), 400, "invalid_input", field="domainName")


async def test_a_return_that_the_operator_took_back_since_is_left_out(flow: Flow, customer: Customer) -> None:
    config = flow.context.config
    flow.context.live_config.value = replace(config, oauth=replace(config.oauth, return_to=()))
    assert (await flow.callback(await customer.consent())).status == 200, "a plain page"


async def test_one_customer_uses_up_nothing_of_what_the_others_may_begin(
    flow: Flow, customer: Customer, owner: Client
) -> None:
    for _ in range(connecting.MAX_AUTHORIZATIONS):
        assert (await customer.client.post("/api/oauth/authorize", {"provider": "other"})).status == 200
    problem(await customer.client.post("/api/oauth/authorize", {"provider": "other"}), 429, "too_many_requests")
    other = Customer(flow, await created(owner, await domain(owner, "www.other.com")))
    assert (await other.client.post("/api/oauth/authorize", {"provider": "other"})).status == 200


async def test_what_customers_have_begun_counts_apart_from_what_tokens_have(
    flow: Flow, owner: Client, organization: Organization
) -> None:
    customers = [
        Customer(flow, await created(owner, await domain(owner, f"n{number}.customer.com")))
        for number in range(MAX_UNUSED // connecting.MAX_AUTHORIZATIONS + 1)
    ]
    for customer in customers[:-1]:
        for _ in range(connecting.MAX_AUTHORIZATIONS):
            assert (await customer.client.post("/api/oauth/authorize", {"provider": "other"})).status == 200
    refused = await customers[-1].client.post("/api/oauth/authorize", {"provider": "other"})
    problem(refused, 429, "too_many_requests")
    assert (await flow.begin())["state"]


async def test_by_one_link_a_few_connections_are_made(
    flow: Flow, customer: Customer, owner: Client, organization: Organization
) -> None:
    pending = await customer.consent()
    for _ in range(connecting.MAX_CONNECTIONS):
        assert (await flow.callback(await customer.consent())).status == 303
    problem(await customer.client.post("/api/oauth/authorize", {"provider": "other"}), 403, "quota_reached")
    assert (await flow.callback(pending)).headers["Location"].count("error=quota_reached") == 1
    assert await flow.kept() == connecting.MAX_CONNECTIONS
    await quotas.set_quotas(flow.context, organization.id, {"connections": 0})
    assert (await flow.connected()).startswith("conn_"), "the organization's own go on"
