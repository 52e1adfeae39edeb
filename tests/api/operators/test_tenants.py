"""What tenants can call, operators can call for an organization."""

import pytest

from dcvd.api.app import Api
from dcvd.config import Live
from dcvd.core.operators import OperatorRights, ProcessOwners
from dcvd.services.context import Context
from dcvd.services.tokens import suspension
from dcvd.store.organizations.organizations import Organization
from tests.api.rights.routes import WITHOUT_TOKEN
from tests.api.rights.test_matrix import tenant_routes
from tests.served_app.client import Client


async def test_every_list_of_tenants_is_there_for_an_organization(
    built_app: Api, operator: Client, organization: Organization
) -> None:
    lists = {name.removeprefix("GET /api") for name in tenant_routes(built_app) - WITHOUT_TOKEN if "{" not in name}
    lists = {name for name in lists if name.startswith("/")}
    assert {"/domains", "/jobs", "/webhooks"} <= lists
    for path in sorted(lists):
        answer = await operator.get(f"/operator/organizations/{organization.id}/api{path}")
        assert answer.status in {200, 501}, (path, answer.body)


async def test_a_domain_is_added_read_and_removed_for_it_by_name_or_id(
    operator: Client, organization: Organization
) -> None:
    root = f"/operator/organizations/{organization.name}/api"
    added = await operator.post(f"{root}/domains", {"domainName": "app.customer.com"})
    assert added.status == 201, added.json
    location = added.headers["Location"]
    assert location == f"/operator/organizations/{organization.id}/api/domains/{added.json['domain']['id']}"
    assert (await operator.get(location)).json["domain"]["domainName"] == "app.customer.com"
    assert [each["id"] for each in (await operator.get(f"{root}/domains")).json["domains"]] == [
        added.json["domain"]["id"]
    ]
    assert (await operator.delete(location)).status == 200


async def test_an_organization_that_is_not_there_is_404_and_one_that_is_being_deleted_only_read(
    operator: Client, organization: Organization, context: Context
) -> None:
    assert (await operator.get("/operator/organizations/nobody/api/domains")).status == 404
    await suspension.begin_deletion(context, organization.id)
    root = f"/operator/organizations/{organization.id}/api"
    assert (await operator.get(f"{root}/domains")).status == 200
    refused = await operator.post(f"{root}/domains", {"domainName": "app.customer.com"})
    assert (refused.status, refused.json["code"]) == (409, "organization_deleting")


async def test_an_observer_reads_and_changes_nothing(app: Api, operator: Client, organization: Organization) -> None:
    own = ProcessOwners(uids=app.services.operators.value.operators.uids)
    app.services.operators = Live(OperatorRights(observers=own))
    root = f"/operator/organizations/{organization.id}/api"
    assert (await operator.get(f"{root}/domains")).status == 200
    refused = await operator.post(f"{root}/domains", {"domainName": "app.customer.com"})
    assert (refused.status, refused.json["code"]) == (403, "only_an_observer")


@pytest.mark.parametrize("path", ["/domains", "/jobs", "/audit", "/tokens"])
async def test_over_tcp_nothing_of_it_exists(anybody: Client, organization: Organization, path: str) -> None:
    assert (await anybody.get(f"/operator/organizations/{organization.id}/api{path}")).status == 404
