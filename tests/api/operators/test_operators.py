"""Operator calls: over the unix socket, for operators, and for nobody else."""

import asyncio
import os
from typing import Any

import pytest
from litestar import Litestar
from prometheus_client import CollectorRegistry, Counter

from dcvd.api.app import Api
from dcvd.config import Live
from dcvd.core.instants import to_rfc3339
from dcvd.core.operators import OperatorRights, ProcessOwners
from dcvd.core.tokens.token import Role
from dcvd.http.answers.problems import REQUEST_ID
from dcvd.services.context import Context
from dcvd.services.members import invitations
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.fixtures import Mint
from tests.served_app.stand_ins import NOW

CALLS = [
    ("GET", "/operator/organizations"),
    ("POST", "/operator/organizations"),
    ("GET", "/operator/organizations/acme"),
    ("PATCH", "/operator/organizations/acme"),
    ("POST", "/operator/organizations/acme/suspend"),
    ("POST", "/operator/organizations/acme/resume"),
    ("POST", "/operator/organizations/acme/export"),
    ("DELETE", "/operator/organizations/acme"),
    ("POST", "/operator/organizations/acme/cloudflare-import"),
    ("GET", "/operator/organizations/acme/members"),
    ("POST", "/operator/organizations/acme/members"),
    ("PATCH", "/operator/organizations/acme/members/mem_x"),
    ("DELETE", "/operator/organizations/acme/members/mem_x"),
    ("GET", "/operator/organizations/acme/branding"),
    ("PATCH", "/operator/organizations/acme/branding"),
    ("GET", "/operator/organizations/acme/tokens"),
    ("POST", "/operator/organizations/acme/tokens"),
    ("PATCH", "/operator/organizations/acme/tokens/token_x"),
    ("DELETE", "/operator/organizations/acme/tokens/token_x"),
    ("POST", "/operator/organizations/acme/domains/move"),
    ("PATCH", "/operator/organizations/acme/domains/app.customer.com"),
    ("POST", "/operator/import/predecessor"),
    ("GET", "/operator/renewals"),
    ("GET", "/operator/config"),
    ("GET", "/operator/status"),
    ("GET", "/operator/all/domains"),
    ("GET", "/operator/all/domains/dom_x"),
    ("GET", "/operator/webhooks"),
    ("POST", "/operator/webhooks"),
    ("PATCH", "/operator/webhooks/wh_x"),
    ("DELETE", "/operator/webhooks/wh_x"),
    ("POST", "/operator/webhooks/wh_x/rotate-secret"),
    ("POST", "/operator/webhooks/wh_x/test"),
    ("POST", "/operator/webhooks/wh_x/conformance"),
    ("POST", "/operator/webhooks/wh_x/replay"),
    ("GET", "/operator/deliveries"),
    ("POST", "/operator/deliveries/retry"),
    ("POST", "/operator/deliveries/dlv_x/retry"),
    ("POST", "/operator/deliveries/dlv_x/cancel"),
    ("GET", "/operator/events"),
    ("GET", "/operator/jobs"),
    *(
        ("GET", f"/operator/all/{path}")
        for path in (
            *("organizations", "webhooks", "webhooks/wh_x", "deliveries", "deliveries/dlv_x", "events"),
            *("events/evt_x", "events/follow", "jobs", "jobs/job_x", "connections", "connections/conn_x"),
        )
    ),
    ("GET", "/operator/all/jobs/causes"),
    ("POST", "/operator/all/jobs/requeue"),
    ("GET", "/metrics"),
]
HIDDEN = [
    *CALLS,
    ("HEAD", "/metrics"),
    ("OPTIONS", "/metrics"),
    ("PUT", "/metrics"),
    ("GET", "/metrics/"),
    ("GET", "//metrics"),
    ("GET", "/operator"),
    ("GET", "/operator/nothing"),
    ("GET", "/operator//organizations/"),
    ("GET", "/%6fperator/organizations"),
    ("GET", "/operator%2forganizations"),
    ("GET", "/%2foperator/organizations"),
    ("GET", "/metrics%2f"),
    ("GET", "/api/../metrics"),
    ("GET", "/api/%2e%2e/metrics"),
    ("GET", "/metrics;a=b"),
    ("GET", "/metrics%00"),
    ("OPTIONS", "/operator/organizations"),
    ("PATCH", "/operator/organizations"),
]


@pytest.mark.parametrize(("method", "path"), HIDDEN)
@pytest.mark.sampled(6)
async def test_over_tcp_nothing_of_it_exists_not_even_for_an_owner(
    anybody: Client, owner: Client, method: str, path: str
) -> None:
    absent = await anybody.get("/nowhere")
    for client in (anybody, owner):
        answer = await client.call(method, path, headers={"dcvd.peer": "0", "X-Forwarded-For": "127.0.0.1"})
        assert answer.status == 404
        if method != "HEAD":
            assert answer.json == absent.json


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_the_guard_keeps_tcp_out_also_where_the_door_were_passed(app: Api, method: str, path: str) -> None:
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b'{"name":"x"}', "more_body": False}

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    headers = [(b"content-type", b"application/json"), (b"content-length", b"12")]
    scope: Any = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
    await Litestar.__call__(app, scope | {"state": {REQUEST_ID: "x"}}, receive, send)
    assert statuses[0] == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *CALLS,
        ("OPTIONS", "/metrics"),
        ("GET", "/operator/nothing"),
        ("GET", "/operator%2forganizations"),
        ("GET", "//metrics"),
        ("GET", "/metrics%2f"),
    ],
)
@pytest.mark.sampled(6)
async def test_a_user_who_is_no_operator_is_403(app: Api, operator: Client, method: str, path: str) -> None:
    app.services.operators = Live(OperatorRights(operators=ProcessOwners(uids=frozenset({os.getuid() + 1}))))
    found = problem(await operator.call(method, path, json={"name": "x"}), 403, "not_an_operator")
    assert f"uid {os.getuid()}" in found["detail"]


@pytest.mark.parametrize(("method", "path"), [*CALLS, ("HEAD", "/metrics"), ("OPTIONS", "/metrics")])
@pytest.mark.sampled(6)
async def test_an_observer_reads_and_changes_nothing(
    app: Api, operator: Client, organization: Organization, method: str, path: str
) -> None:
    app.services.operators = Live(OperatorRights(observers=ProcessOwners(uids=frozenset({os.getuid()}))))
    body = {"name": "made"} if method == "POST" else None
    answer = await operator.call(method, path.replace("acme", organization.id), json=body)
    if method in ("GET", "HEAD", "OPTIONS"):
        assert answer.status in ((404,) if path.endswith("_x") else (200, 204))  # which is not there
    else:
        assert f"uid {os.getuid()}" in problem(answer, 403, "only_an_observer")["detail"]


async def test_whoever_runs_with_a_named_group_has_its_rights(app: Api, operator: Client) -> None:
    app.services.operators = Live(OperatorRights(operators=ProcessOwners(gids=frozenset({os.getgid()}))))
    assert (await operator.post("/operator/organizations", {"name": "zebra"})).status == 201
    app.services.operators = Live(OperatorRights(observers=ProcessOwners(gids=frozenset({os.getgid()}))))
    assert (await operator.get("/operator/organizations")).status == 200
    problem(await operator.post("/operator/organizations", {"name": "zebu"}), 403, "only_an_observer")


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("header", ["Origin", "Referer"])
@pytest.mark.sampled(4)
async def test_a_browser_is_403(operator: Client, method: str, path: str, header: str) -> None:
    problem(await operator.call(method, path, headers={header: "null"}), 403, "browser_refused")


async def test_a_bearer_token_neither_helps_nor_harms(operator: Client, mint: Mint) -> None:
    assert (await operator.as_bearer(await mint()).get("/operator/organizations")).status == 200


async def test_an_organization_is_created_once_and_listed(operator: Client) -> None:
    answer = await operator.post("/operator/organizations", {"name": "zebra"})
    assert answer.status == 201
    made = answer.json["organization"]
    assert made["id"].startswith("org_")
    assert made == {"id": made["id"], "name": "zebra", "createdAt": "2027-01-15T08:00:00Z"}
    assert answer.headers["Location"] == f"/operator/organizations/{made['id']}"
    assert (await operator.get("/operator/organizations")).json == {"organizations": [{**made, "status": "active"}]}
    again = problem(await operator.post("/operator/organizations", {"name": "zebra"}), 409, "organization_exists")
    assert again["existingId"] == made["id"]


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 1}, {"name": "org_x"}, {"name": "x" * 101}])
async def test_a_bad_organization_is_refused_naming_the_field(operator: Client, body: Any) -> None:
    problem(await operator.post("/operator/organizations", body), 400, "invalid_input", field="name")
    assert (await operator.get("/operator/organizations")).json == {"organizations": []}


@pytest.mark.parametrize("by", ["id", "name"])
async def test_an_organizations_tokens_are_minted_listed_and_revoked(
    operator: Client, anybody: Client, organization: Organization, by: str
) -> None:
    path = f"/operator/organizations/{getattr(organization, by)}/tokens"
    answer = await operator.post(path, {"name": "first"})
    assert answer.status == 201
    minted = answer.json["token"]
    assert minted["role"] == "owner"
    assert minted["orgId"] == organization.id
    assert answer.headers["Location"] == f"/operator/organizations/{organization.id}/tokens/{minted['id']}"
    assert (await anybody.as_bearer(minted["token"]).get("/api/domains")).status == 200
    listed = await operator.get(path)
    assert [token["id"] for token in listed.json["tokens"]] == [minted["id"]]
    assert b"dcv_live" not in listed.body
    assert listed.json["tokens"][0]["lastUsedAt"] == "2027-01-15T08:00:00Z"
    assert (await operator.delete(f"{path}/{minted['id']}")).status == 204
    problem(await operator.delete(f"{path}/{minted['id']}"), 404, "not_found")
    problem(await anybody.as_bearer(minted["token"]).get("/api/domains"), 401, "unauthenticated")


async def test_a_token_has_the_role_and_expiry_that_were_asked_for(
    operator: Client, organization: Organization
) -> None:
    path = f"/operator/organizations/{organization.id}/tokens"
    expiry = to_rfc3339(NOW + 1000)
    minted = (await operator.post(path, {"name": "x", "role": "member", "expiresAt": expiry})).json["token"]
    assert (minted["role"], minted["expiresAt"]) == ("member", expiry)
    problem(await operator.post(path, {"name": "x", "expiresAt": "soon"}), 400, "invalid_input", field="expiresAt")
    problem(await operator.post(path, {"name": "x", "role": "root"}), 400, "invalid_input", field="role")


async def test_a_token_is_renamed_and_prolonged(operator: Client, organization: Organization) -> None:
    path = f"/operator/organizations/{organization.id}/tokens"
    minted = (await operator.post(path, {"name": "x", "expiresAt": to_rfc3339(NOW + 1000)})).json["token"]
    del minted["token"]
    later = to_rfc3339(NOW + 2000)
    changed = await operator.patch(f"{path}/{minted['id']}", {"name": "y", "expiresAt": later})
    assert changed.json["token"] == {**minted, "name": "y", "expiresAt": later, "lastUsedAt": None}
    refused = await operator.patch(f"{path}/{minted['id']}", {"role": "owner"})
    problem(refused, 400, "unknown_field", field="role")


async def test_a_token_belongs_to_the_member_for_whom_an_operator_mints_it(
    operator: Client, context: Context, organization: Organization
) -> None:
    path = f"/operator/organizations/{organization.id}/tokens"
    invitation = await invitations.invite(context, organization.id, address="ann@acme.example", role=Role.ADMIN)
    body = {"name": "x", "role": "admin", "memberId": invitation.member.id}
    problem(await operator.post(path, body), 400, "invalid_input", field="memberId")
    await invitations.accept(context, invitation.invite.reveal())
    assert (await operator.post(path, body)).json["token"]["memberId"] == invitation.member.id
    problem(await operator.post(path, {**body, "role": "owner"}), 400, "invalid_input", field="role")


@pytest.mark.parametrize(("method", "path"), [call for call in CALLS if "tokens" in call[1]])
async def test_an_organization_that_does_not_exist_is_404(operator: Client, method: str, path: str) -> None:
    problem(await operator.call(method, path, json={"name": "x"}), 404, "not_found")


async def test_tokens_are_listed_in_pages(operator: Client, organization: Organization, clock: ManualClock) -> None:
    path = f"/operator/organizations/{organization.id}/tokens"
    for number in range(3):
        clock.advance(1)
        await operator.post(path, {"name": f"t{number}"})
    first = (await operator.get(f"{path}?limit=2")).json
    last = (await operator.get(f"{path}?limit=2&cursor={first['nextCursor']}")).json
    assert [token["name"] for token in first["tokens"] + last["tokens"]] == ["t2", "t1", "t0"]
    problem(await operator.get(f"{path}?limit=0"), 400, "invalid_input", field="limit")


async def test_metrics_are_prometheus_text(operator: Client, registry: CollectorRegistry) -> None:
    Counter("dcvd_tests", "Tests", registry=registry).inc()
    answer = await operator.get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert b"dcvd_tests_total 1.0" in answer.body


async def test_a_body_over_the_limit_is_refused_there_too(operator: Client, context: Context) -> None:
    limit = context.config.server.request_body_limit
    problem(await operator.post("/operator/organizations", data=b"x" * (limit + 1)), 413, "body_too_large")


@pytest.mark.parametrize(
    "left", [OperatorRights(), OperatorRights(observers=ProcessOwners(uids=frozenset({os.getuid()})))]
)
async def test_who_loses_the_right_to_a_call_loses_it_in_the_midst_of_it(
    app: Api, operator: Client, context: Context, left: OperatorRights
) -> None:
    database: Any = context.database
    began = asyncio.Event()

    async def hold_up() -> None:
        began.set()
        await asyncio.Event().wait()

    database.before_write = hold_up
    creating = asyncio.create_task(operator.post("/operator/organizations", {"name": "Late"}))
    await began.wait()
    app.services.open_requests.check_operators()  # nothing has changed yet
    await asyncio.sleep(0)
    app.services.operators.value = left
    app.services.open_requests.check_operators()
    problem(await creating, 403, "only_an_observer" if left.observers.uids else "not_an_operator")
    assert await context.database.read(lambda snapshot: snapshot.fetch_count("SELECT count(*) FROM organizations")) == 0


@pytest.mark.parametrize("name", ["reason", "finding"])
async def test_a_code_that_there_is_not_is_refused_with_the_near_ones(operator: Client, name: str) -> None:
    answer = await operator.get(f"/operator/all/domains?{name}=cname_mising")
    assert answer.status == 400
    assert answer.json["detail"].endswith("Did you mean 'cname_missing'?") or "'cname_missing'" in answer.json["detail"]
    for known in ("waiting", "cloudflare_1234", "validation_timed_out") if name == "reason" else ("moved",):
        assert (await operator.get(f"/operator/all/domains?{name}={known}")).status == 200
