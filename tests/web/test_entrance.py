"""The pages are loaded with the first request for one, and nobody can tell."""

import asyncio
import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from dcvd.api.app import Api
from dcvd.http.page_routes import PageEntrance
from dcvd.kit.imports import Installation
from dcvd.web.entrance import PAGE_ENTRANCE
from dcvd.web.routes import PAGES
from tests.served_app.client import Client, problem

INSTALLED_AT: Final = 1_000_000_000


@pytest.fixture
def installed_file(tmp_path: Path) -> Path:
    path = tmp_path / "installed"
    path.touch()
    os.utime(path, (INSTALLED_AT, INSTALLED_AT))
    return path


@pytest.fixture
def entrance(installed_file: Path) -> PageEntrance:
    return replace(PAGE_ENTRANCE, installation=Installation(installed_file))


@pytest.fixture
def app(app: Api, entrance: PageEntrance) -> Api:
    """An application of which nobody has opened a page."""
    return Api(app.services, entrance)


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


async def test_pages_of_another_version_are_not_mixed_with_the_daemon_that_runs(
    anybody: Client, owner: Client, installed_file: Path
) -> None:
    await asyncio.to_thread(os.utime, installed_file, (0, 0))
    for _ in range(2):
        refused = problem(await anybody.get("/sign-in"), 503, "restart_needed")
        assert "restart it" in refused["detail"]
    assert (await owner.get("/api/domains")).status == 200
    await asyncio.to_thread(os.utime, installed_file, (INSTALLED_AT, INSTALLED_AT))
    assert (await anybody.get("/sign-in")).status == 200


@pytest.mark.parametrize("entrance", [replace(PAGE_ENTRANCE, module="dcvd.web.no_such_module")])
async def test_pages_that_cannot_be_loaded_are_a_failure_that_the_log_explains(anybody: Client) -> None:
    with capture_logs() as lines:
        answers = await asyncio.gather(*(anybody.get("/sign-in") for _ in range(3)))
    for answer in answers:
        assert problem(answer, 500, "internal_error")["requestId"]
    failures = [line for line in lines if line["event"] == "api.request_failed"]
    assert [type(line["exc_info"]) for line in failures] == [ModuleNotFoundError] * 3


async def test_calls_of_the_api_load_no_page(app: Api, owner: Client, anybody: Client) -> None:
    before = len(app.routes)
    assert (await owner.get("/api/domains")).status == 200
    problem(await anybody.get("/nowhere"), 404, "route_not_found")
    assert len(app.routes) == before


def test_a_daemon_imports_no_page_and_no_template_engine() -> None:
    program = "import sys, dcvd.daemon; print(sorted({'dcvd.web.routes', 'jinja2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_what_is_garbage_when_pages_are_loaded_is_none_that_stays() -> None:
    class Ring:
        def __init__(self) -> None:
            self.ring = self

    garbage = weakref.ref(Ring())
    PAGE_ENTRANCE.load()
    gc.collect()
    assert garbage() is None


def test_pages_that_are_loaded_open_no_file_that_an_upgrade_may_have_replaced() -> None:
    program = """
import sys
from dcvd.web.pages.assets import asset_url
from dcvd.web.routes import PAGES
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
engine = PAGES.template_config.engine_instance
for name in ("base.html", "dashboard/quick_start/quick_start.html"):
    engine.get_template(name)
asset_url("dcvd.css")
print([path for path in opened if "dcvd" in path])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
