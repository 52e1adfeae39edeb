"""`/api/audit`: what each call leaves there, written once in a table; and what is refused, which leaves nothing."""

import json
from typing import Any, Final

import pytest
from msgspec import Struct

from dcvd.api.app import Api
from dcvd.core.audit import AuditAction
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import ApiToken
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import Role
from dcvd.services import audit
from dcvd.services.connections import creation
from dcvd.services.context import Context
from dcvd.services.tokens import minting
from dcvd.store.organizations.organizations import Organization
from dcvd.web.sign_in.redirection import DASHBOARD_PATH
from tests.api.operators import test_audit as operators
from tests.api.webhooks.owed import URL, given_up
from tests.http.test_idempotency import handlers_of
from tests.served_app.client import Client, problem
from tests.signed_in import begin_session

NOTHING: Final = {
    "POST /api/diagnose": "stores nothing",
    "POST /api/domains/{domain_id}/sync": "looks, and changes nothing but what it sees",
    "POST /api/domains/{domain_id}/domain-connect": "stores nothing",
    "POST /api/webhooks/{webhook_id}/test": "sends a test",
    "POST /api/webhooks/{webhook_id}/conformance": "sends tests",
    "POST /api/zones/{zone_id}/check": "looks, and changes nothing but what it sees",
    "POST /hooks/cloudflare": "has domains looked at",
    "POST /connect/{link_token}/check": "looks, and changes nothing but what it sees",
    "POST /connect/{link_token}/plan": "reads the zone",
    "POST /connect/{link_token}/domain-connect": "stores nothing",
}
"""Calls that change nothing of which an audit would tell."""
ELSEWHERE: Final = {
    "POST /api/oauth/connections": "connection.created, by the services that connect",
    "POST /api/oauth/exchange": "connection.created, by the services that connect",
    "POST /api/oauth/authorize": "authorization.begun, where OAuth is set up",
    "POST /api/oauth/aws/external-ids": "external_id.created, where AWS is set up",
    "POST /api/domains/{domain_id}/dns": "dns.write_requested, where a provider is",
    "POST /api/domains/{domain_id}/dns/undo": "dns.undo_requested, where a provider is",
    "POST /api/members/accept": "member.accepted, by whoever was invited",
    "POST /connect/{link_token}/domain": "domain.added, by the customer with a link",
    "POST /connect/{link_token}/authorize": "authorization.begun, by the customer with a link",
    "POST /connect/{link_token}/write": "dns.write_requested, by the customer with a link",
    "POST /operator/all/jobs/requeue": "job.retried of each, where jobs are dead",
    "POST /sign-in/oidc/organization": "session.begun, by the member who chose",
    "POST /sign-in/operator/{code}": "session.begun, by the operator who was given the link",
    "POST /invitation/{invite}": "member.accepted, by whoever was invited",
    "POST /sign-in": "session.begun, by whoever shows a token",
    "POST /sign-out": "session.ended, by the browser of a session",
    "POST /alerts/refuse": "an address is of no organization",
    "POST /alerts/allow": "an address is of no organization",
    "POST /alerts/{action}": "contact.confirmed and contact.unsubscribed, by whoever has the address",
}
"""Calls whose entries other tests look for, because they need a provider or another caller."""


class Call(Struct, frozen=True):
    """What a call leaves: `prepare` makes what the path names, before anything is counted."""

    actions: list[str]
    body: dict[str, Any] | None = None
    prepare: str | None = None


CALLS: Final[dict[str, Call]] = {
    "POST /api/tokens": Call(["token.minted"], {"name": "x"}),
    "PATCH /api/tokens/{token_id}": Call(["token.changed"], {"name": "y"}, "token"),
    "POST /api/tokens/{token_id}/rotate": Call(["token.rotated"], {}, "token"),
    "DELETE /api/tokens/{token_id}": Call(["token.revoked"], None, "token"),
    "POST /api/tokens/revoke-all": Call(["token.revoked"], {}, "token"),
    "DELETE /api/sessions": Call(["session.ended"], None, "session"),
    "DELETE /api/sessions/{session_id}": Call(["session.ended"], None, "session"),
    "POST /api/domains": Call(["domain.added"], {"domainName": "a.customer.com"}),
    "POST /api/domains/{domain_id}/links": Call(["link.created"], {}, "domain"),
    "POST /api/links": Call(["link.created"], {}),
    "DELETE /api/links/{link_id}": Call(["link.revoked"], None, "link"),
    "PATCH /api/domains/{domain_id}": Call(["domain.changed"], {"externalId": "c1"}, "domain"),
    "DELETE /api/domains/{domain_id}": Call(["domain.removed"], None, "domain"),
    "POST /api/domains/bulk": Call(
        ["domain.added", "domain.added"],
        {"domains": [{"domainName": "x.customer.com"}, {"domainName": "y.customer.com"}, {"domainName": "no"}]},
    ),
    "POST /api/domains/bulk/delete": Call(["domain.removed"], {"domainNames": ["app.customer.com"]}, "domain"),
    "POST /api/zones": Call(["zone.added"], {"name": "customer.com"}),
    "DELETE /api/zones/{zone_id}": Call(["zone.removed"], None, "zone"),
    "POST /api/webhooks": Call(["endpoint.created"], {"url": URL, "events": ["domain.added"]}),
    "PATCH /api/webhooks/{webhook_id}": Call(["endpoint.changed"], {"enabled": False}, "webhook"),
    "DELETE /api/webhooks/{webhook_id}": Call(["endpoint.removed"], None, "webhook"),
    "POST /api/webhooks/{webhook_id}/rotate-secret": Call(["endpoint.secret_rotated"], {}, "webhook"),
    "POST /api/webhooks/{webhook_id}/replay": Call(
        ["replay.requested"], {"since": "2027-01-01T00:00:00Z", "status": "missing"}, "webhook"
    ),
    "POST /api/deliveries/{delivery_id}/retry": Call(["delivery.retried"], None, "delivery"),
    "POST /api/deliveries/{delivery_id}/cancel": Call(["delivery.cancelled"], None, "pending delivery"),
    "POST /api/deliveries/retry": Call(["replay.requested"], {"status": "dead"}, "delivery"),
    "POST /api/jobs/{job_id}/retry": Call(["job.retried"], None, "job"),
    "DELETE /api/oauth/connections/{connection_id}": Call(["connection.removed"], None, "connection"),
    "POST /api/members": Call(["member.invited"], {"address": "ann@customer.com"}),
    "POST /api/members/{member_id}/invite": Call(["member.invited"], None, "member"),
    "PATCH /api/members/{member_id}": Call(["member.changed"], {"role": "admin"}, "member"),
    "DELETE /api/members/{member_id}": Call(["member.removed"], None, "member"),
    "POST /api/alerts/contacts": Call(["contact.added"], {"address": "ann@customer.com"}),
    "PATCH /api/alerts/contacts/{contact_id}": Call(["contact.changed"], {"kinds": ["job_dead"]}, "contact"),
    "DELETE /api/alerts/contacts/{contact_id}": Call(["contact.removed"], None, "contact"),
    "POST /api/alerts/contacts/{contact_id}/confirmation": Call(["contact.asked"], None, "contact"),
    "PATCH /api/organization/branding": Call(["branding.changed"], {"name": "Shop"}),
}


async def make(kind: str, owner: Client, context: Context, org_id: str) -> str:
    """What a path names; its id."""
    match kind:
        case "token":
            return str((await owner.post("/api/tokens", {"name": "t"})).json["token"]["id"])
        case "session":
            minted = await minting.create(context, org_id, name="t", role=Role.OWNER, expires_at=None)
            return (await begin_session(context, minted)).session.id
        case "domain":
            return str((await owner.post("/api/domains", {"domainName": "app.customer.com"})).json["domain"]["id"])
        case "link":
            return str((await owner.post("/api/links")).json["link"]["id"])
        case "zone":
            return str((await owner.post("/api/zones", {"name": "customer.com"})).json["zone"]["id"])
        case "webhook":
            made = await owner.post("/api/webhooks", {"url": URL, "events": ["domain.added"]})
            return str(made.json["webhook"]["id"])
        case "delivery":
            webhook_id = await make("webhook", owner, context, org_id)
            await make("domain", owner, context, org_id)
            await given_up(context, webhook_id)
            return str((await owner.get("/api/deliveries")).json["deliveries"][0]["id"])
        case "pending delivery":
            await make("webhook", owner, context, org_id)
            await make("domain", owner, context, org_id)
            return str((await owner.get("/api/deliveries")).json["deliveries"][0]["id"])
        case "job":
            await make("domain", owner, context, org_id)
            return str((await owner.get("/api/jobs")).json["jobs"][0]["id"])
        case "connection":
            connection = await creation.create(
                context,
                org_id,
                Provider.CLOUDFLARE,
                ApiToken(token=Secret("the-very-secret-token")),
                account=None,
                scopes=(),
                expires_at=None,
                refresh_at=None,
                actor="operator",
            )
            return connection.id
        case "contact":
            asked = await owner.post("/api/alerts/contacts", {"address": "bob@customer.com"})
            return str(asked.json["contact"]["id"])
        case "member":
            invited = await owner.post("/api/members", {"address": "bob@customer.com"})
            return str(invited.json["member"]["id"])
        case _:
            raise AssertionError(kind)


async def entries_of(owner: Client) -> list[dict[str, Any]]:
    """Every entry, oldest first."""
    found: list[dict[str, Any]] = (await owner.get("/api/audit?limit=250")).json["audit"]
    return found[::-1]


def test_every_call_that_writes_has_a_row(built_app: Api) -> None:
    # The buttons of the dashboard have the same services do what these calls do.
    handlers = {(method, path) for method, path in handlers_of(built_app) if not path.startswith(f"{DASHBOARD_PATH}/")}
    writing = {f"{method} {path}" for method, path in handlers if method not in ("GET", "HEAD")}
    assert writing == {*CALLS, *NOTHING, *ELSEWHERE, *operators.CALLS, *operators.NOTHING}


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_leaves_what_the_table_says(
    owner: Client, context: Context, organization: Organization, name: str
) -> None:
    call = CALLS[name]
    method, path = name.split(" ")
    if call.prepare is not None:
        object_id = await make(call.prepare, owner, context, organization.id)
        path = path.replace(path[path.find("{") : path.find("}") + 1], object_id) if "{" in path else path
    before = await entries_of(owner)
    answer = await owner.call(method, path, json=call.body)
    assert answer.status < 300, answer.body
    new = (await entries_of(owner))[len(before) :]
    assert [entry["action"] for entry in new] == call.actions
    for entry in new:
        assert entry["actor"].startswith("token:token_")
        assert entry["address"] == "127.0.0.1"
        assert entry["requestId"] == answer.headers["X-Request-Id"]


async def test_what_is_refused_or_only_tried_leaves_nothing(owner: Client, member: Client) -> None:
    before = await entries_of(owner)
    for answer in (
        await owner.post("/api/tokens", {"name": ""}),
        await owner.post("/api/domains", {"domainName": "no"}),
        await member.post("/api/domains", {"domainName": "a.customer.com"}),
        await owner.delete("/api/domains/dom_none"),
        await owner.patch("/api/webhooks/wh_none", {"enabled": False}),
    ):
        assert answer.status >= 400
    body = {"domains": [{"domainName": "a.customer.com"}], "dryRun": True}
    assert (await owner.post("/api/domains/bulk", body)).status == 200
    assert await entries_of(owner) == before


async def test_no_secret_is_in_it(owner: Client, context: Context, organization: Organization) -> None:
    secrets = ["the-very-secret-token", "header-secret"]
    minted = (await owner.post("/api/tokens", {"name": "ci"})).json["token"]
    secrets += [minted["token"], (await owner.post(f"/api/tokens/{minted['id']}/rotate", {})).json["token"]["token"]]
    body = {"url": URL, "events": ["domain.added"], "headers": {"X-Key": "header-secret"}}
    webhook = (await owner.post("/api/webhooks", body)).json["webhook"]
    rotated = (await owner.post(f"/api/webhooks/{webhook['id']}/rotate-secret", {})).json["webhook"]
    secrets += [webhook["secret"], webhook["signingSecret"], rotated["secret"]]
    invited = (await owner.post("/api/members", {"address": "ann@customer.com"})).json["member"]
    secrets.append(invited["inviteToken"])
    await make("connection", owner, context, organization.id)
    text = json.dumps(await entries_of(owner))
    assert [secret for secret in secrets if secret in text] == []


async def test_entries_are_filtered_and_paged(owner: Client, admin: Client) -> None:
    domain = (await owner.post("/api/domains", {"domainName": "a.customer.com"})).json["domain"]
    await admin.post("/api/domains", {"domainName": "b.customer.com"})
    await owner.delete(f"/api/domains/{domain['id']}")
    admins = (await owner.get("/api/audit?action=domain.added")).json["audit"][0]["actor"]
    assert [e["action"] for e in (await owner.get(f"/api/audit?objectId={domain['id']}")).json["audit"]] == [
        "domain.removed",
        "domain.added",
    ]
    assert [e["action"] for e in (await owner.get(f"/api/audit?actor={admins}")).json["audit"]] == ["domain.added"]
    problem(await owner.get("/api/audit?action=domain.lost"), 400, "invalid_input", field="action")
    problem(await owner.get("/api/audit?cursor=eA"), 400, "invalid_input", field="cursor")
    pages, cursor = [], ""
    while True:
        page = (await owner.get(f"/api/audit?limit=2{cursor}")).json
        pages += [entry["sequence"] for entry in page["audit"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert pages == list(range(len(pages), 0, -1))


async def test_only_an_admin_or_owner_reads_it_and_nobody_elses(
    member: Client, admin: Client, stranger: Client, owner: Client
) -> None:
    await owner.post("/api/domains", {"domainName": "a.customer.com"})
    problem(await member.get("/api/audit"), 403, "forbidden")
    assert (await admin.get("/api/audit")).json["audit"]
    text = json.dumps((await stranger.get("/api/audit")).json)
    assert "a.customer.com" not in text


async def test_an_operator_reads_each_organizations_and_the_daemons_own(
    operator: Client, owner: Client, organization: Organization
) -> None:
    await owner.post("/api/domains", {"domainName": "a.customer.com"})
    made = await operator.post("/operator/organizations", {"name": "doomed"})
    doomed = made.json["organization"]["id"]
    shown = (await operator.get(f"/operator/organizations/{organization.id}/api/audit")).json["audit"]
    assert shown[0]["action"] == "domain.added"
    (created,) = (await operator.get(f"/operator/organizations/{doomed}/api/audit")).json["audit"]
    assert (created["action"], created["actor"].split(":")[0]) == ("organization.created", "operator")
    await operator.delete(f"/operator/organizations/{doomed}")
    own = (await operator.get("/operator/all/audit?own=true")).json["audit"]
    assert [(entry["action"], entry["objectId"]) for entry in own] == [("organization.deletion_begun", doomed)]


async def test_what_the_api_wrote_is_a_sound_chain(owner: Client, context: Context, organization: Organization) -> None:
    for number in range(5):
        await owner.post("/api/domains", {"domainName": f"n{number}.customer.com"})

    results = await context.database.read(lambda snapshot: list(audit.verify_chains(snapshot)))
    counts = {chain.org_id: (count, fault) for chain, count, fault in results}
    count, fault = counts[organization.id]
    assert fault is None
    assert count == len(await entries_of(owner))


async def test_what_services_connect_and_people_accept_stands_there_too(
    owner: Client, anybody: Client, context: Context, organization: Organization
) -> None:
    await make("connection", owner, context, organization.id)
    invited = (await owner.post("/api/members", {"address": "ann@customer.com"})).json["member"]
    assert (await anybody.post("/api/members/accept", {"token": invited["inviteToken"]})).status == 200
    created, _, accepted, asked = (await entries_of(owner))[-4:]
    assert (created["action"], created["actor"]) == ("connection.created", "operator")
    assert (accepted["action"], accepted["actor"]) == ("member.accepted", f"member:{invited['id']}")
    assert (asked["action"], asked["actor"]) == ("contact.added", f"member:{invited['id']}")


def test_each_action_stands_once() -> None:
    assert len({action.value for action in AuditAction}) == len(AuditAction)
    assert all(len(action.value.split(".")) == 2 for action in AuditAction)
