"""The pages are loaded with the first request for one, and nobody can tell."""

import asyncio
import subprocess
import sys

import pytest

from dcvd.api.app import Api
from dcvd.web.entrance import PAGE_ENTRANCE
from dcvd.web.routes import PAGES
from tests.served_app.client import Client, problem


@pytest.fixture
def app(app: Api) -> Api:
    """An application of which nobody has opened a page."""
    return Api(app.services, PAGE_ENTRANCE)


def _list_paths(app: Api) -> set[str]:
    return {route.path_format for route in app.routes}


def test_each_page_stands_where_pages_are_looked_for_and_no_other_route_does(app: Api, built_app: Api) -> None:
    pages = _list_paths(built_app) - _list_paths(app)
    assert len(pages) > 100
    assert all(map(PAGE_ENTRANCE.leads_to, pages))
    assert not any(map(PAGE_ENTRANCE.leads_to, _list_paths(app)))
    assert all(PAGE_ENTRANCE.leads_to(f"{root}/nowhere") for root in PAGES.roots)


@pytest.mark.parametrize("path", ["", "/api", "/dashboards", "/connect.json", "/sign", "/API/dashboard"])
def test_no_page_is_looked_for_elsewhere(path: str) -> None:
    assert not PAGE_ENTRANCE.leads_to(path)


async def test_the_first_page_is_there_for_all_who_ask_at_once(app: Api, built_app: Api, anybody: Client) -> None:
    answers = await asyncio.gather(*(anybody.get("/sign-in") for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert all(b"<form" in answer.body for answer in answers)
    assert _list_paths(app) == _list_paths(built_app)
    assert len(app.routes) == len(built_app.routes)


async def test_whoever_looks_first_for_a_page_that_is_not_there_is_shown_a_page(anybody: Client) -> None:
    answer = await anybody.get("/dashboard/nowhere/at/all")
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_the_first_page_says_which_methods_it_has(anybody: Client) -> None:
    answer = await anybody.call("OPTIONS", "/sign-in")
    assert (answer.status, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


async def test_calls_of_the_api_load_no_page(app: Api, owner: Client, anybody: Client) -> None:
    before = len(app.routes)
    assert (await owner.get("/api/domains")).status == 200
    problem(await anybody.get("/nowhere"), 404, "route_not_found")
    assert len(app.routes) == before


def test_a_daemon_imports_no_page_and_no_template_engine() -> None:
    program = "import sys, dcvd.daemon; print(sorted({'dcvd.web.routes', 'jinja2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
