"""Whoever changes what they have not seen is told, for every object that can be changed."""

import re
from typing import Any

import pytest

from dcvd.api.app import Api
from dcvd.store.organizations.organizations import Organization
from tests.http.test_idempotency import handlers_of
from tests.served_app.client import Client, problem

OBJECTS = {
    "/api/webhooks/{webhook_id}": (
        "/api/webhooks",
        {"url": "https://hooks.customer.com/", "events": ["job.dlq"]},
        {"maxPerSecond": 5},
        {"maxPerSecond": 6},
    ),
    "/api/tokens/{token_id}": ("/api/tokens", {"name": "ci"}, {"name": "one"}, {"name": "other"}),
    "/api/domains/{domain_id}": (
        "/api/domains",
        {"domainName": "app.customer.com"},
        {"labels": {"tier": "gold"}},
        {"externalId": "c1"},
    ),
    "/api/members/{member_id}": (
        "/api/members",
        {"address": "ann@customer.com"},
        {"role": "admin"},
        {"role": "owner"},
    ),
    "/api/alerts/contacts/{contact_id}": (
        "/api/alerts/contacts",
        {"address": "ann@customer.com"},
        {"kinds": ["job_dead"]},
        {"kinds": ["domain_broken"]},
    ),
}
"""Where each is made, from what, and two changes of it."""
OF_OPERATORS = "/operator/organizations/{id_or_name}"
WITHOUT_TAGS = {
    f"{OF_OPERATORS}/{rest}" for rest in ("members/{member_id}", "tokens/{token_id}", "branding", "domains/{name}")
}
"""Operators' changes of what is the organization's own, for which If-Match is refused."""
OF_PROGRAMS = "/operator/webhooks/{webhook_id}"
"""The operator's own, which `tests/api/operators/test_programs.py` changes with If-Match."""


def test_each_object_that_can_be_changed_has_a_row(built_app: Api) -> None:
    changeable = {path for method, path in handlers_of(built_app) if method == "PATCH"}
    assert changeable == {*OBJECTS, "/api/organization/branding", OF_OPERATORS, OF_PROGRAMS, *WITHOUT_TAGS}


@pytest.mark.parametrize("template", OBJECTS)
async def test_a_change_of_what_somebody_else_has_changed_is_refused(owner: Client, template: str) -> None:
    collection, body, change, other_change = OBJECTS[template]
    created = await owner.post(collection, body)
    assert created.status == 201
    path = created.headers["Location"]
    assert re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    shown = await owner.get(path)
    seen = shown.headers["ETag"]
    assert created.headers["ETag"] == seen
    changed = await owner.patch(path, change, headers={"If-Match": seen})
    assert changed.status == 200, changed.body
    assert changed.headers["ETag"] == (await owner.get(path)).headers["ETag"] != seen
    problem(await owner.patch(path, other_change, headers={"If-Match": seen}), 412, "precondition_failed")
    assert _object_of(await owner.get(path)) == _object_of(changed)
    assert (await owner.patch(path, other_change, headers={"If-Match": changed.headers["ETag"]})).status == 200


async def test_an_empty_list_of_tags_lets_no_change_through(owner: Client) -> None:
    """A client that has lost the tag means to be careful."""
    path = (await owner.post("/api/tokens", {"name": "ci"})).headers["Location"]
    for value in ("", " "):
        answer = await owner.patch(path, {"name": "one"}, headers={"If-Match": value})
        problem(answer, 400, "invalid_input", field="If-Match")


async def test_whoever_has_not_seen_a_change_of_the_branding_is_told_too(owner: Client) -> None:
    path = "/api/organization/branding"
    seen = (await owner.get(path)).headers["ETag"]
    changed = await owner.patch(path, {"name": "Acme"}, headers={"If-Match": seen})
    assert changed.status == 200
    assert changed.headers["ETag"] == (await owner.get(path)).headers["ETag"] != seen
    problem(await owner.patch(path, {"name": "Other"}, headers={"If-Match": seen}), 412, "precondition_failed")
    assert (await owner.get(path)).json == changed.json


async def test_an_operator_who_has_not_seen_a_change_is_told_too(operator: Client, organization: Organization) -> None:
    path = f"/operator/organizations/{organization.id}"
    seen = (await operator.get(path)).headers["ETag"]
    assert (await operator.get(path)).headers["ETag"] == seen
    changed = await operator.patch(path, {"quotas": {"tokens": 7}}, headers={"If-Match": seen})
    assert changed.status == 200
    assert changed.headers["ETag"] == (await operator.get(path)).headers["ETag"] != seen
    problem(await operator.patch(path, {"name": "New"}, headers={"If-Match": seen}), 412, "precondition_failed")
    assert (await operator.get(path)).json["organization"]["name"] == organization.name


async def test_a_change_that_would_be_made_in_spite_of_if_match_is_refused(owner: Client) -> None:
    created = await owner.post("/api/webhooks", {"url": "https://hooks.customer.com/", "events": ["job.dlq"]})
    path, headers = created.headers["Location"], {"If-Match": '"other"'}
    for answer in (
        await owner.delete(path, headers=headers),
        await owner.post(f"{path}/rotate-secret", headers=headers),
    ):
        problem(answer, 400, "if_match_unsupported", field="If-Match")
    assert (await owner.get(path, headers=headers)).status == 200


def _object_of(answer: Any) -> Any:
    (shown,) = answer.json.values()
    object_shown = {name: value for name, value in shown.items() if name != "rates"}
    if "health" in object_shown:
        object_shown["health"].pop("refusedEvents", None)
    return object_shown


@pytest.mark.parametrize("template", OBJECTS)
async def test_the_document_has_the_tag_where_the_answers_have_it(owner: Client, template: str) -> None:
    methods = (await owner.get("/schema/openapi.json")).json["paths"][template]
    for method in ("get", "patch"):
        assert "ETag" in methods[method]["responses"]["200"]["headers"]
    assert "412" in methods["patch"]["responses"]
