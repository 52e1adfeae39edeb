"""Query parameters that a call does not know, and those that are given twice."""

import re
from urllib.parse import unquote

import pytest

from dcvd.api.app import Api
from dcvd.http.parameters import declared_parameters
from tests.served_app.client import Client, problem

TOLERANT = {
    "/health", "/ready", "/alerts/{action}", "/alerts/refuse", "/alerts/allow", "/oauth/callback/{provider}",
    "/domain-connect/done", "/", "/sign-in", "/sign-in/operator/{code}", "/sign-out", "/connect.js",
    "/invitation/{invite}", "/sign-in/oidc", "/sign-in/oidc/callback", "/sign-in/oidc/organization",
}  # fmt: skip
PAGES = ("/connect/", "/assets/", "/dashboard")
"""People pass on links to pages, with what others append to them."""


async def test_no_route_ignores_a_parameter_that_it_does_not_know(app: Api, owner: Client, operator: Client) -> None:
    asked = set()
    for route in app.routes:
        for method in getattr(route, "methods", set()) - {"OPTIONS"}:
            path = re.sub(r"\{[^}]*\}", "cloudflare", route.path_format)
            caller = operator if path.startswith(("/operator", "/metrics")) else owner
            answer = await caller.call(method, f"{path}?surprise=1")
            asked.add(route.path_format)
            if route.path_format in TOLERANT or route.path_format.startswith(PAGES):
                assert b"surprise" not in answer.body, route.path_format
            elif route.path_format == "/hooks/cloudflare":
                problem(answer, 404, "route_not_found")  # it has no secret here, and hides before it looks at anything
            else:
                detail = problem(answer, 400, "unknown_field", field="surprise")["detail"]
                handler, _ = route.route_handler_map[method]  # type: ignore[union-attr]  # only HTTP has methods
                for known in declared_parameters(handler) or ("takes none",):
                    assert known in detail, route.path_format
    assert asked > TOLERANT


async def test_the_document_lists_the_parameters_that_are_known(app: Api, anybody: Client) -> None:
    document = (await anybody.get("/schema/openapi.json")).json
    compared = 0
    for route in app.routes:
        for method, call in document["paths"].get(route.path_format, {}).items():
            listed = {each["name"] for each in call.get("parameters", ()) if each["in"] == "query"}
            handler, _ = route.route_handler_map[method.upper()]  # type: ignore[union-attr]  # only HTTP is documented
            assert listed == set(declared_parameters(handler)), (method, route.path_format)
            compared += len(listed)
    assert compared > 30


async def test_the_filters_of_every_list_of_deliveries_are_known_beside_those_of_the_call(owner: Client) -> None:
    for name in ("domainid", "webhook_id", "", "%20limit", "Limit"):
        detail = problem(
            await owner.get(f"/api/deliveries?limit=5&{name}=x"), 400, "unknown_field", field=unquote(name)
        )
        assert "cursor, domainId, event, limit, requestId, since, status, until, webhookId" in detail["detail"]


@pytest.mark.parametrize("query", ["limit=5&limit=6", "limit=5&limit=5", "limit=5&%6cimit=5"])
async def test_a_parameter_that_takes_one_value_is_refused_twice(owner: Client, query: str) -> None:
    found = problem(await owner.get(f"/api/events?{query}"), 400, "invalid_input", field="limit")
    assert "2 times" in found["detail"]
    assert (await owner.get("/api/events?types=domain.added&types=domain.active")).status == 200


async def test_a_stranger_learns_no_parameters(anybody: Client, member: Client) -> None:
    problem(await anybody.get("/api/domains?surprise=1"), 401, "unauthenticated")
    problem(await member.post("/api/domains?surprise=1", {}), 403, "forbidden")
    assert (await anybody.call("OPTIONS", "/api/domains?surprise=1")).status == 204
