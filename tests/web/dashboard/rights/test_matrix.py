"""Scopes, roles and limits hold on every page of the dashboard as in the API: one table has the rights of both."""

import re
from collections.abc import Sequence

import pytest

from dcvd.api.app import Api
from dcvd.core.sessions import derive_csrf_token
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from dcvd.web.sign_in.redirection import DASHBOARD_PATH
from tests.api.rights.routes import ROUTES
from tests.api.rights.test_matrix import ALL_CASES, EACH_RIGHT_ALONE, CallerCase, play_cases
from tests.served_app.client import Answer, Client
from tests.web.dashboard.rights.pages import OF_OWN_SESSION, PAGES
from tests.web.sign_in.browser import Browser, signed_in

_STATUSES = {"not_found": 404}


def list_page_routes(app: Api) -> set[str]:
    return {
        f"{method} {route.path_format}"
        for route in app.routes
        for method in getattr(route, "methods", ())
        if re.match(rf"{DASHBOARD_PATH}(/(?!operator|organizations)|$)", route.path_format) and method != "OPTIONS"
    }


def test_every_page_has_a_row_and_every_row_a_page(built_app: Api) -> None:
    assert list_page_routes(built_app) == set(PAGES) | OF_OWN_SESSION


@pytest.mark.parametrize("name", sorted(PAGES))
@pytest.mark.sampled(12)
async def test_each_right_is_asked_for(
    context: Context, organization: Organization, anybody: Client, name: str
) -> None:
    await check_page(context, organization, anybody, name, EACH_RIGHT_ALONE)


@pytest.mark.sweep
@pytest.mark.parametrize("name", sorted(PAGES))
async def test_all_rights_are_asked_for_together(
    context: Context, organization: Organization, anybody: Client, name: str
) -> None:
    await check_page(context, organization, anybody, name, ALL_CASES)


async def check_page(
    context: Context, organization: Organization, anybody: Client, name: str, cases: Sequence[CallerCase]
) -> None:
    """Open a page, or press its button, as each caller for each target, and compare with the API's table."""
    method, path = name.split(" ")
    asked = PAGES[name]
    row = ROUTES[asked] if isinstance(asked, str) else asked
    async for case in play_cases(context, organization, anybody, row, cases):
        browser = await signed_in(case.client)
        answer = await ask(browser, case.client, method, re.sub(r"\{\w+\}", case.object_id, path))
        assert find_refusal(answer) == case.refusal, (name, case, answer.status, answer.body)


async def ask(browser: Browser, client: Client, method: str, path: str) -> Answer:
    assert browser.secret is not None
    if method == "GET":
        is_open = path.endswith("/changes") and (head := await browser.open(path, method="HEAD")).status == 200
        # A stream has no end; a refusal of one has.
        return head if is_open else await browser.open(path)
    return await browser.send(path, {"csrf_token": derive_csrf_token(browser.secret)})


def find_refusal(answer: Answer) -> str | None:
    """The code that a page of a refusal has."""
    if answer.status not in (401, 403, 404):
        return None
    code = re.search(r'data-code="(\w+)"', answer.body.decode())
    assert code is not None, answer.body
    return code[1]
