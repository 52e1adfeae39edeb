"""Organizations as operators see and change them, and what a suspended one's tokens may do: nothing."""

import asyncio
import json
from typing import Any

import pytest

from dcvd.core.tokens.token import Role
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.events.feed import EventFeed
from dcvd.services.tokens import suspension
from dcvd.store.organizations.organizations import Organization
from tests.api.tokens.test_revocation import begin_long_poll
from tests.served_app.client import Client, problem
from tests.served_app.fixtures import Mint
from tests.unreliable_database import UnreliableDatabase


def path_of(organization: Organization, rest: str = "") -> str:
    return f"/operator/organizations/{organization.id}{rest}"


async def test_it_is_shown_with_what_it_may_have_and_what_it_has(
    operator: Client, organization: Organization, context: Context, mint: Mint
) -> None:
    await additions.add(context, organization.id, "app.customer.com")
    await mint()
    shown = (await operator.get(f"/operator/organizations/{organization.name}")).json["organization"]
    assert (shown["id"], shown["name"], shown["status"]) == (organization.id, organization.name, "active")
    assert (shown["quotas"]["tokens"], shown["ownQuotas"]) == (200, {})
    assert (shown["counts"]["domains"], shown["counts"]["tokens"], shown["counts"]["endpoints"]) == (1, 1, 0)
    assert (shown["pendingJobs"], shown["deadJobs"], shown["events"]) == (1, 0, 1)
    problem(await operator.get("/operator/organizations/nobody"), 404, "not_found")


async def test_it_is_renamed_to_a_name_that_is_free_and_keeps_its_id(
    operator: Client, organization: Organization, context: Context
) -> None:
    other = await organizations.create(context, "Other")
    taken = problem(await operator.patch(path_of(organization), {"name": "Other"}), 409, "organization_exists")
    assert taken["existingId"] == other.id
    renamed = await operator.patch(path_of(organization), {"name": " Acme Pages "})
    assert (renamed.status, renamed.json["organization"]["name"]) == (200, "Acme Pages")
    assert renamed.json["organization"]["id"] == organization.id
    assert (await operator.patch(path_of(organization), {"name": "Acme Pages"})).status == 200
    problem(await operator.get(f"/operator/organizations/{organization.name}"), 404, "not_found")


async def test_quotas_are_set_by_name_and_null_goes_back(operator: Client, organization: Organization) -> None:
    changed = await operator.patch(
        path_of(organization), {"quotas": {"domains": 7, "tokens": 0, "reads_per_minute": 9}}
    )
    assert changed.json["organization"]["ownQuotas"] == {"domains": 7, "tokens": 0, "reads_per_minute": 9}
    assert changed.json["organization"]["rates"]["reads_per_minute"] == 9
    assert changed.json["organization"]["quotas"]["domains"] == 7
    back = await operator.patch(path_of(organization), {"quotas": {"domains": None}})
    assert back.json["organization"]["ownQuotas"] == {"tokens": 0, "reads_per_minute": 9}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "org_x"}, "name"),
        ({"name": ""}, "name"),
        ({"quotas": {"cats": 1}}, "quotas.cats"),
        ({"quotas": {"domains": -1}}, "quotas.domains"),
        ({"name": "fine", "quotas": {"domains": -1}}, "quotas.domains"),
    ],
)
async def test_a_bad_change_is_refused_and_nothing_of_it_is_stored(
    operator: Client, organization: Organization, body: Any, field: str
) -> None:
    before = (await operator.get(path_of(organization))).json
    problem(await operator.patch(path_of(organization), body), 400, "invalid_input", field=field)
    assert (await operator.get(path_of(organization))).json == before


async def test_the_tokens_of_a_suspended_organization_are_refused_and_work_again_once_it_is_resumed(
    operator: Client, owner: Client, stranger: Client, anybody: Client, organization: Organization
) -> None:
    assert (await operator.post(path_of(organization, "/suspend"))).json["organization"]["status"] == "suspended"
    for method, path in (("GET", "/api/domains"), ("POST", "/api/domains"), ("GET", "/api/events")):
        problem(await owner.call(method, path, json={"domainName": "a.customer.com"}), 403, "organization_suspended")
    assert (await stranger.get("/api/domains")).status == 200
    problem(await anybody.as_bearer(f"dcv_live_{'0' * 32}").get("/api/domains"), 401, "unauthenticated")
    listed = (await operator.get("/operator/organizations")).json["organizations"]
    assert {each["id"]: each["status"] for each in listed}[organization.id] == "suspended"
    assert (await operator.post(path_of(organization, "/suspend"))).status == 200
    assert (await operator.post(path_of(organization, "/resume"))).json["organization"]["status"] == "active"
    assert (await owner.get("/api/domains")).json["domains"] == []


async def test_the_long_poll_of_a_suspended_organization_ends_and_that_of_another_goes_on(
    operator: Client, member: Client, stranger: Client, feed: EventFeed, organization: Organization
) -> None:
    polling, other = await begin_long_poll(member, feed), await begin_long_poll(stranger, feed)
    await operator.post(path_of(organization, "/suspend"))
    async with asyncio.timeout(5):
        problem(await polling, 403, "organization_suspended")
    await stranger.post("/api/domains", {"domainName": "www.customer.com"})
    async with asyncio.timeout(5):
        assert (await other).status == 200


async def test_a_request_that_began_before_the_suspension_stores_nothing_after_it(
    context: Context, owner: Client, organization: Organization
) -> None:
    database = context.database
    assert isinstance(database, UnreliableDatabase)

    async def suspend_first() -> None:
        database.before_write = None
        await suspension.suspend(context, organization.id)

    database.before_write = suspend_first
    problem(await owner.post("/api/domains", {"domainName": "late.customer.com"}), 403, "organization_suspended")
    await suspension.resume(context, organization.id)
    assert (await owner.get("/api/domains")).json["domains"] == []


async def test_checks_and_jobs_of_a_suspended_organization_go_on(
    operator: Client, owner: Client, organization: Organization, context: Context
) -> None:
    domain = await additions.add(context, organization.id, "app.customer.com")
    await operator.post(path_of(organization, "/suspend"))
    shown = (await operator.get(path_of(organization))).json["organization"]
    assert (shown["counts"]["domains"], shown["pendingJobs"]) == (1, 1)
    await operator.post(path_of(organization, "/resume"))
    assert (await owner.get(f"/api/domains/{domain.id}")).status == 200


async def test_an_operator_still_mints_tokens_for_a_suspended_organization(
    operator: Client, anybody: Client, organization: Organization, mint: Mint
) -> None:
    await operator.post(path_of(organization, "/suspend"))
    minted = await operator.post(path_of(organization, "/tokens"), {"name": "later", "role": Role.OWNER.value})
    assert minted.status == 201
    token = anybody.as_bearer(minted.json["token"]["token"])
    problem(await token.get("/api/domains"), 403, "organization_suspended")
    await operator.post(path_of(organization, "/resume"))
    assert (await token.get("/api/domains")).status == 200


async def test_a_deletion_refuses_the_tokens_at_once_and_changes_nothing_else_any_more(
    operator: Client, owner: Client, organization: Organization
) -> None:
    begun = await operator.delete(path_of(organization))
    assert (begun.status, begun.json["organization"]["status"]) == (202, "deleting")
    problem(await owner.get("/api/domains"), 403, "organization_deleting")
    for method, rest in (("PATCH", ""), ("POST", "/suspend"), ("POST", "/resume"), ("POST", "/export")):
        answer = await operator.call(method, path_of(organization, rest), json={"name": "new"} if not rest else None)
        problem(answer, 409, "organization_deleting")
    problem(await operator.post(path_of(organization, "/tokens"), {"name": "x"}), 409, "organization_deleting")
    assert (await operator.delete(path_of(organization, "?leaveHostnames=true"))).status == 202
    assert (await operator.get(path_of(organization))).json["organization"]["status"] == "deleting"


async def test_everything_of_it_is_exported_line_by_line(
    operator: Client, organization: Organization, context: Context
) -> None:
    domain = await additions.add(context, organization.id, "app.customer.com")
    answer = await operator.post(path_of(organization, "/export"))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/x-ndjson")
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert lines[0]["table"] == "organizations"
    assert [line["row"]["id"] for line in lines if line["table"] == "domains"] == [domain.id]


async def test_operators_invite_the_first_owner_and_may_end_the_last(
    operator: Client, owner: Client, anybody: Client, organization: Organization
) -> None:
    path = path_of(organization, "/members")
    invited = await operator.post(path, {"address": "boss@example.com", "role": "owner"})
    assert invited.status == 201
    member = invited.json["member"]
    again = (await operator.post(f"{path}/{member['id']}/invite")).json["member"]
    accepted = await anybody.post("/api/members/accept", {"token": again["inviteToken"]})
    assert accepted.json["member"]["status"] == "active"
    assert [each["id"] for each in (await operator.get(path)).json["members"]] == [member["id"]]
    problem(await owner.delete(f"/api/members/{member['id']}"), 409, "last_owner")
    changed = await operator.patch(f"{path}/{member['id']}", {"role": "admin", "status": "suspended"})
    assert (changed.json["member"]["role"], changed.json["member"]["status"]) == ("admin", "suspended")
    assert (await operator.delete(f"{path}/{member['id']}")).status == 204
    assert (await owner.get("/api/members")).json["members"] == []


async def test_operators_add_list_check_and_remove_zones(
    operator: Client, owner: Client, stranger: Client, organization: Organization
) -> None:
    path = path_of(organization, "/zones")
    added = await operator.post(path, {"name": "customer.com"})
    zone = added.json["zone"]
    assert added.headers["Location"].endswith(f"/zones/{zone['id']}")
    assert (await operator.get(path)).json == (await owner.get("/api/zones")).json
    assert (await operator.post(f"{path}/{zone['id']}/check")).json["zone"]["status"] == "pending"
    problem(await operator.post(path, {"name": "customer.com"}), 409, "zone_exists")
    problem(await operator.post(path, {"name": "co.uk"}), 400, "hostname_invalid", field="name")
    other = (await stranger.post("/api/zones", {"name": "customer.com"})).json["zone"]
    problem(await operator.delete(f"{path}/{other['id']}"), 404, "not_found")
    assert (await operator.delete(f"{path}/{zone['id']}")).status == 204
    assert (await operator.get(path)).json == {"zones": [], "nextCursor": None}
    (entry,) = (await owner.get("/api/audit?action=zone.removed")).json["audit"]
    assert entry["actor"].startswith("operator")


async def test_operators_make_list_and_revoke_links_by_the_name_of_a_domain(
    operator: Client, owner: Client, anybody: Client, organization: Organization
) -> None:
    path = path_of(organization, "/links")
    domain_id = (await owner.post("/api/domains", {"domainName": "app.customer.com"})).json["domain"]["id"]
    created = await operator.post(path, {"domain": "APP.customer.com", "expiresIn": 60})
    assert created.status == 201, created.body
    link = created.json["link"]
    assert created.headers["Location"].endswith(f"/links/{link['id']}")
    assert (link["domainId"], link["mintedBy"]) == (domain_id, None)
    customer = anybody.as_bearer(link["token"])
    assert (await customer.get(f"/api/domains/{domain_id}")).status == 200
    (listed,) = (await operator.get(path)).json["links"]
    assert (listed["id"], listed["lastUsedAt"] is None) == (link["id"], False)
    problem(await operator.post(path, {"domain": "www.other.com"}), 404, "not_found")
    (entry,) = (await owner.get("/api/audit?action=link.created")).json["audit"]
    assert entry["actor"].startswith("operator:")
    assert (await operator.delete(f"{path}/{link['id']}")).status == 204
    problem(await customer.get("/api/whoami"), 401, "unauthenticated")


async def test_operators_change_how_an_organization_looks(
    operator: Client, owner: Client, organization: Organization
) -> None:
    changed = await operator.patch(path_of(organization, "/branding"), {"primaryColor": "#112233"})
    assert changed.json == (await operator.get(path_of(organization, "/branding"))).json
    assert (await owner.get("/api/organization/branding")).json == changed.json
