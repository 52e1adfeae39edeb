"""The pages of operators are there for no tenant, and observers press no button."""

import re

import pytest

from dcvd.api.app import Api
from dcvd.core.sessions import derive_csrf_token
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import added, domain
from tests.served_app.client import Answer, Client
from tests.web.dashboard.operator.reading import ROOT
from tests.web.sign_in.browser import Browser, signed_in

READS = [
    "", "/changes", "/organizations", "/organizations/{id}", "/domains", "/domains/{id}", "/webhooks", "/deliveries",
    "/deliveries/changes", "/events", "/events/changes", "/connections", "/jobs", "/jobs/changes", "/audit",
    "/sessions",
]  # fmt: skip
WRITES = [
    "/organizations", "/organizations/{id}", "/organizations/{id}/suspend", "/organizations/{id}/resume",
    "/organizations/{id}/delete", "/domains/{id}/move", "/webhooks/{id}/retry-dead", "/jobs/requeue",
    "/sessions/{id}/end",
]  # fmt: skip


def place_of(path: str) -> str:
    return re.sub(r"\{\w+\}", "{id}", path.removeprefix(ROOT))


def list_routes(app: Api, method: str) -> set[str]:
    return {
        place_of(route.path_format)
        for route in app.routes
        if route.path_format.startswith(ROOT) and method in getattr(route, "methods", ())
    }


async def send(browser: Browser, place: str) -> Answer:
    assert browser.secret is not None
    return await browser.send(f"{ROOT}{place}", {"csrf_token": derive_csrf_token(browser.secret)})


def code_of(answer: Answer) -> str | None:
    code = re.search(r'data-code="(\w+)"', answer.body.decode())
    return None if code is None else code[1]


def test_no_page_and_no_button_is_missing_here(built_app: Api) -> None:
    assert list_routes(built_app, "GET") == set(READS)
    assert list_routes(built_app, "POST") == set(WRITES)


async def test_for_the_sessions_of_tenants_there_is_no_such_page(owner: Client, organization: Organization) -> None:
    browser = await signed_in(owner)
    for place in READS:
        answer = await browser.open(f"{ROOT}{place.format(id=organization.id)}")
        assert (answer.status, code_of(answer)) == (404, "route_not_found"), place
    for place in WRITES:
        answer = await send(browser, place.format(id=organization.id))
        assert (answer.status, code_of(answer)) == (404, "route_not_found"), place


async def test_observers_are_refused_each_button(
    observer_browser: Browser, owner: Client, organization: Organization
) -> None:
    for place in WRITES:
        answer = await send(observer_browser, place.format(id=organization.id))
        assert (answer.status, code_of(answer)) == (403, "only_an_observer"), place
    assert (await owner.get("/api/domains")).status == 200


async def test_observers_read_each_page_and_see_no_button(
    observer_browser: Browser, owner: Client, organization: Organization
) -> None:
    webhook_id, domain_id = (await added(owner))["id"], await domain(owner)
    ids = {"/organizations/{id}": organization.id, "/domains/{id}": domain_id, "": webhook_id}
    for place in READS:
        if place.endswith("changes"):
            continue
        answer = await observer_browser.open(f"{ROOT}{place.format(id=ids.get(place, ''))}")
        assert answer.status == 200, place
        forms = re.findall(r'<form method="post" action="([^"]*)"', answer.body.decode())
        assert forms == ["/sign-out"], place


@pytest.mark.parametrize("place", [place for place in READS if not place.endswith("changes")])
async def test_nothing_is_there_without_a_session(anybody: Client, place: str) -> None:
    answer = await Browser(anybody).open(f"{ROOT}{place.format(id='x')}")
    assert answer.status == 303
    assert answer.headers["Location"].startswith("/sign-in?")
