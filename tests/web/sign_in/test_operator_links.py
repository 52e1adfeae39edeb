"""Operators sign in by a link that they get at the unix socket; TCP alone gives nobody their rights."""

import asyncio
import os

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.core.instants import DAY, MINUTE
from dcvd.core.operators import ProcessUser
from dcvd.core.sign_in_links import MAX_LINKS_OF_OPERATOR
from dcvd.services import restores
from dcvd.services.context import Context
from dcvd.store import sessions
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.unreliable_database import Fate, strike
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser
from tests.web.sign_in.operating import HOME, ME, follow, get_link, set_rights, signed_in_operator


async def test_a_link_of_the_socket_signs_an_operator_in(operator: Client, browser: Browser) -> None:
    path = await get_link(operator)
    page = await browser.open(path)
    assert page.status == 200
    assert '<form method="post"' in page.body.decode()
    assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == ("no-store", "same-origin")
    answer = await follow(browser, path)
    assert (answer.status, answer.headers["Location"]) == (303, HOME)
    assert "Max-Age=43200" in answer.headers["Set-Cookie"]
    home = await browser.open(HOME)
    assert home.status == 200
    assert f"as an operator, with the rights of the user with uid {ME}" in read_text(home)


async def test_whoever_previews_a_link_uses_nothing_up(operator: Client, browser: Browser) -> None:
    path = await get_link(operator)
    for _ in range(3):
        page = await browser.open(path, **{"Sec-Fetch-Site": "cross-site"})
        assert page.status == 200
        assert "Set-Cookie" not in page.headers
    assert (await follow(browser, path)).status == 303


async def test_a_link_works_once(operator: Client, browser: Browser, anybody: Client) -> None:
    path = await get_link(operator)
    assert (await follow(browser, path)).status == 303
    other = Browser(anybody)
    answer = await follow(other, path)
    assert answer.status == 404
    assert "dcvd dashboard" in read_text(answer)
    assert (await other.open(path)).status == 404
    assert "Set-Cookie" not in answer.headers


async def test_a_link_works_for_a_minute(operator: Client, browser: Browser, clock: ManualClock) -> None:
    path = await get_link(operator)
    clock.advance(MINUTE - 1)
    assert (await browser.open(path)).status == 200
    clock.advance(1)
    assert (await browser.open(path)).status == 404
    assert (await follow(browser, path)).status == 404


async def test_a_link_from_before_the_clock_was_put_back_does_not_work(
    operator: Client, browser: Browser, clock: ManualClock
) -> None:
    path = await get_link(operator)
    clock.advance(-DAY)
    assert (await follow(browser, path)).status == 404


async def test_of_two_browsers_that_race_for_a_link_one_is_signed_in(operator: Client, anybody: Client) -> None:
    path = await get_link(operator)
    answers = await asyncio.gather(*(follow(Browser(anybody), path) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [303, 404, 404, 404, 404]


@pytest.mark.parametrize("fate", Fate)
async def test_a_link_is_used_up_with_the_beginning_of_the_session_or_not_at_all(
    operator: Client, browser: Browser, context: Context, fate: Fate
) -> None:
    path = await get_link(operator)
    has_struck = strike(context.database, "begin_for_operator.<locals>.unit", 1, fate)
    answer = await browser.send(path, {})
    assert answer.status >= 500
    assert "Set-Cookie" not in answer.headers
    assert has_struck()
    is_done = fate is Fate.DONE_ANYWAY
    assert len(await context.database.read(sessions.list_of_operators)) == is_done
    assert (await follow(browser, path)).status == (404 if is_done else 303)


@pytest.mark.parametrize("code", ["x", "dcv_signin_", "dcv_signin_" + "0" * 64, "dcv_session_" + "0" * 64, "%2e%2e"])
async def test_what_is_no_link_signs_nobody_in(browser: Browser, code: str) -> None:
    path = f"/sign-in/operator/{code}"
    assert (await browser.open(path)).status == 404
    answer = await follow(browser, path)
    assert answer.status == 404
    assert "Set-Cookie" not in answer.headers


async def test_only_the_hash_of_a_link_is_stored(operator: Client, context: Context) -> None:
    code = (await get_link(operator)).rpartition("/")[2]
    rows = await context.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT * FROM sign_in_links WHERE code_hash > ''")
    )
    assert len(rows) == 1
    assert code not in str(rows)


async def test_nobody_gets_a_link_over_tcp(owner: Client, anybody: Client) -> None:
    for client in (owner, anybody):
        for headers in ({}, {"X-Forwarded-For": "127.0.0.1"}, {"Host": "localhost"}):
            problem(await client.post("/operator/sign-in-links", headers=headers), 404, "route_not_found")


async def test_a_browser_at_the_socket_gets_none_either(operator: Client) -> None:
    problem(await operator.post("/operator/sign-in-links", headers={"Origin": "https://x"}), 403, "browser_refused")


async def test_without_a_public_url_there_is_no_link(operator: Client, context: Context) -> None:
    config = context.config
    context.live_config.value = replace(config, server=replace(config.server, public_url=""))
    problem(await operator.post("/operator/sign-in-links"), 501, "public_url_missing")


async def test_so_many_links_are_open_and_no_more(operator: Client, browser: Browser, clock: ManualClock) -> None:
    paths = []
    for _ in range(MAX_LINKS_OF_OPERATOR + 1):
        paths.append(await get_link(operator))
        clock.advance(1)
    assert [(await browser.open(path)).status for path in paths] == [404] + [200] * MAX_LINKS_OF_OPERATOR


async def test_a_link_of_somebody_who_is_no_operator_any_more_does_not_work(
    app: Api, operator: Client, browser: Browser
) -> None:
    path = await get_link(operator)
    set_rights(app, operators=frozenset({ME + 1}))
    assert (await follow(browser, path)).status == 404


async def test_the_rights_are_those_of_the_process_that_asked_for_the_link(
    operator: Client, anybody: Client, context: Context
) -> None:
    await signed_in_operator(operator, anybody)
    (session,) = await context.database.read(sessions.list_of_operators)
    assert session.operator == ProcessUser(uid=ME, gid=os.getgid())
    assert (session.org_id, session.token_id, session.member_id) == (None, None, None)


async def test_a_restored_backup_opens_neither_a_session_nor_a_link_again(
    operator: Client, anybody: Client, context: Context
) -> None:
    browser = await signed_in_operator(operator, anybody)
    path = await get_link(operator)
    await restores.begin_epoch(context, replaced_epoch=0, backup="b.db")
    assert (await browser.open(HOME)).status == 303
    assert (await browser.open(path)).status == 404


async def test_the_pages_of_operators_speak_german(operator: Client, browser: Browser) -> None:
    path = await get_link(operator)
    assert "Als Betreiber anmelden" in read_text(await browser.open(path, **{"Accept-Language": "de"}))
