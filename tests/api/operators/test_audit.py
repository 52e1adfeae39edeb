"""What each call of an operator leaves in the audit, written once in a table."""

import os
from typing import Any, Final

import pytest
from msgspec import Struct

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.instants import MINUTE
from dcvd.core.operators import OPERATOR_ORG_ID, OperatorRights, ProcessOwners, ProcessUser
from dcvd.core.tokens.token import Role
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.services.alerts import contacts
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.events import operator_events
from dcvd.services.links import creation
from dcvd.services.members import invitations
from dcvd.services.sessions import beginning, sign_in_links
from dcvd.services.sessions.beginning import Browser
from dcvd.services.tokens import minting, suspension
from dcvd.services.webhooks import delivery_history, endpoints, replay_job
from dcvd.services.zones import registry
from dcvd.store.organizations.organizations import Organization
from dcvd.store.webhooks.delivery_history import DeliveryFilters
from tests.api.webhooks.owed import URL
from tests.served_app.client import Client

_ONE: Final = "/operator/organizations/{id_or_name}"
NOTHING: Final = {
    f"POST {_ONE}/export": "shows what is stored",
    "POST /operator/probes": "makes a code, which is kept in memory for a minute",
    f"POST {_ONE}/zones/{{zone_id}}/check": "looks, and changes nothing but what it sees",
    "POST /operator/webhooks/{webhook_id}/test": "sends a test",
    "POST /operator/webhooks/{webhook_id}/conformance": "sends tests",
}


class Call(Struct, frozen=True):
    """What a call leaves; `prepare` makes what it is about. is_own: in the daemon's own chain."""

    action: str
    body: dict[str, Any] | None = None
    prepare: str | None = None
    is_own: bool = False


CALLS: Final[dict[str, Call]] = {
    "POST /operator/organizations": Call("organization.created", {"name": "New"}),
    "POST /operator/import/predecessor": Call(
        "organization.created", {"rows": [{"kind": "organization", "id": "o-1", "orgId": "o-1", "title": "New"}]}
    ),
    f"PATCH {_ONE}": Call("organization.changed", {"quotas": {"domains": 7}}),
    f"POST {_ONE}/suspend": Call("organization.suspended"),
    f"POST {_ONE}/resume": Call("organization.resumed", prepare="suspended"),
    f"DELETE {_ONE}": Call("organization.deletion_begun", is_own=True),
    f"POST {_ONE}/members": Call("member.invited", {"address": "ann@customer.com"}),
    f"PATCH {_ONE}/members/{{member_id}}": Call("member.changed", {"role": "admin"}, "member"),
    f"POST {_ONE}/members/{{member_id}}/invite": Call("member.invited", prepare="member"),
    f"DELETE {_ONE}/members/{{member_id}}": Call("member.removed", prepare="member"),
    f"POST {_ONE}/alerts/contacts": Call("contact.added", {"address": "ann@customer.com"}),
    f"DELETE {_ONE}/alerts/contacts/{{contact_id}}": Call("contact.removed", prepare="contact"),
    f"PATCH {_ONE}/branding": Call("branding.changed", {"name": "Shop"}),
    f"POST {_ONE}/tokens": Call("token.minted", {"name": "x", "role": "owner"}),
    f"PATCH {_ONE}/tokens/{{token_id}}": Call("token.changed", {"name": "y"}, "token"),
    f"POST {_ONE}/tokens/{{token_id}}/rotate": Call("token.rotated", {}, "token"),
    f"DELETE {_ONE}/tokens/{{token_id}}": Call("token.revoked", prepare="token"),
    f"POST {_ONE}/tokens/revoke-all": Call("token.revoked", prepare="token"),
    f"POST {_ONE}/links": Call("link.created", {}),
    f"DELETE {_ONE}/links/{{link_id}}": Call("link.revoked", prepare="link"),
    f"POST {_ONE}/zones": Call("zone.added", {"name": "customer.com"}),
    f"DELETE {_ONE}/zones/{{zone_id}}": Call("zone.removed", prepare="zone"),
    f"POST {_ONE}/domains/bulk": Call("domain.added", {"domains": [{"domainName": "x.customer.com"}]}),
    f"PATCH {_ONE}/domains/{{name}}": Call("domain.changed", {"labels": {"tier": "gold"}}, "domain"),
    f"POST {_ONE}/cloudflare-import": Call("domain.imported", {}),
    "POST /operator/sign-in-links": Call("sign_in_link.created", is_own=True),
    "DELETE /operator/sessions": Call("session.ended", prepare="session", is_own=True),
    "DELETE /operator/sessions/{session_id}": Call("session.ended", prepare="session", is_own=True),
    "POST /operator/webhooks": Call("endpoint.created", {"url": URL, "events": ["*"]}, is_own=True),
    "PATCH /operator/webhooks/{webhook_id}": Call("endpoint.changed", {"enabled": False}, "webhook", is_own=True),
    "DELETE /operator/webhooks/{webhook_id}": Call("endpoint.removed", None, "webhook", is_own=True),
    "POST /operator/webhooks/{webhook_id}/rotate-secret": Call("endpoint.secret_rotated", {}, "webhook", is_own=True),
    "POST /operator/webhooks/{webhook_id}/replay": Call(
        "replay.requested", {"since": "2027-01-01T00:00:00Z", "status": "missing"}, "webhook", is_own=True
    ),
    "POST /operator/deliveries/{delivery_id}/retry": Call("delivery.retried", None, "delivery", is_own=True),
    "POST /operator/deliveries/{delivery_id}/cancel": Call("delivery.cancelled", None, "delivery", is_own=True),
    "POST /operator/deliveries/retry": Call("replay.requested", {"status": "dead"}, is_own=True),
    "POST /operator/jobs/{job_id}/retry": Call("job.retried", None, "replay", is_own=True),
    f"POST {_ONE}/domains/move": Call("domain.moved", {"domainName": "app.customer.com"}, "domain of another"),
}


async def _make(kind: str | None, context: Context, org_id: str, rival_id: str) -> str:
    match kind:
        case None:
            return ""
        case "suspended":
            await suspension.suspend(context, org_id)
            return ""
        case "member":
            return (await invitations.invite(context, org_id, address="bob@customer.com", role=Role.MEMBER)).member.id
        case "contact":
            return (await contacts.add(context, org_id, address="bob@customer.com")).id
        case "session":
            user = ProcessUser(uid=os.getuid(), gid=os.getgid())
            operator = Caller(kind=CallerKind.OPERATOR, role=Role.OWNER, id=str(user.uid), gid=user.gid)
            made = await sign_in_links.create_link(context.for_caller(operator))
            rights = OperatorRights(operators=ProcessOwners(uids=frozenset({user.uid})))
            code = made.url.reveal().rpartition("/")[2]
            begun = await beginning.begin_for_operator(context, code, rights, Browser())
            assert begun is not None
            return begun.session.id
        case "token":
            minted = await minting.create(context, org_id, name="t", role=Role.OWNER, expires_at=None)
            return minted.token.id
        case "link":
            return (await creation.create(context, org_id, domain_id=None, lifetime_ms=MINUTE)).link.id
        case "zone":
            return (await registry.add(context, org_id, "customer.com")).id
        case "domain":
            return (await additions.add(context, org_id, "app.customer.com")).name
        case "webhook":
            return (await endpoints.create(context, org_id, url=URL, events=["domain.added"]))[0].id
        case "delivery":
            await endpoints.create(context, org_id, url=URL, events=["domain.added"])
            await additions.add(context, rival_id if org_id == OPERATOR_ORG_ID else org_id, "app.customer.com")
            page = await delivery_history.list_page(context, org_id, DeliveryFilters(), cursor=None, limit=1)
            return page.items[0].delivery.id
        case "replay":
            endpoint, _ = await endpoints.create(context, org_id, url=URL, events=["*"])
            requested = await replay_job.request_replay(context, org_id, endpoint.id, status=ReplayStatus.DEAD)
            assert requested.job is not None
            return requested.job.id
        case "domain of another":
            return (await additions.add(context, rival_id, "app.customer.com")).id
        case _:
            raise AssertionError(kind)


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_leaves_what_the_table_says(
    operator: Client, context: Context, organization: Organization, rival: Organization, name: str
) -> None:
    call = CALLS[name]
    method, path = name.split(" ")
    is_of_programs = path.startswith(("/operator/webhooks", "/operator/deliveries", "/operator/jobs"))
    if is_of_programs:
        await operator_events.begin(context)
    org_id = OPERATOR_ORG_ID if is_of_programs else organization.id
    object_id = await _make(call.prepare, context, org_id, rival.id)
    path = path.replace("{id_or_name}", organization.id)
    for parameter in (
        "{member_id}", "{token_id}", "{link_id}", "{zone_id}", "{name}", "{webhook_id}", "{delivery_id}", "{job_id}",
        "{contact_id}", "{session_id}",
    ):  # fmt: skip
        path = path.replace(parameter, object_id)
    shown = f"/operator/all/audit?{'own=true' if call.is_own else f'organization={organization.id}'}"
    before = (await operator.get(shown)).json["audit"]
    answer = await operator.call(method, path, json=call.body)
    assert answer.status < 300, answer.body
    if name == "POST /operator/organizations":
        created = answer.json["organization"]["id"]
        shown, before = f"/operator/all/audit?organization={created}", []
    if name == "POST /operator/import/predecessor":
        shown, before = "/operator/all/audit?organization=o-1", []
    entries = (await operator.get(shown)).json["audit"]
    assert [entry["action"] for entry in entries[: len(entries) - len(before)]] == [call.action]
    assert entries[0]["actor"].startswith("operator:")
    assert entries[0]["requestId"] == answer.headers["X-Request-Id"]
