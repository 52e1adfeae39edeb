"""Operators sign in by a link that they get at the unix socket; TCP alone gives nobody their rights."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.operators import OperatorRights, ProcessUser
from dcvd.core.sessions import MAX_SESSIONS_OF_HOLDER
from dcvd.core.sign_in_links import MAX_LINKS_OF_OPERATOR
from dcvd.errors import Unauthenticated
from dcvd.http.access.acting_operators import act_for
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services import organizations, restores
from dcvd.services.clock_skew import repair_clock_skew
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.sessions.authentication import authenticate_session
from dcvd.services.sessions.ending import end_unconfigured
from dcvd.services.tokens import suspension
from dcvd.services.tokens.authentication import act_as
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store import sessions
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.unreliable_database import Fate, UnreliableDatabase, strike
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import FORM, SAME_ORIGIN, Browser, has_lost_rights, signed_in
from tests.web.sign_in.operating import find_csrf_token, follow, get_link, set_rights, signed_in_operator
from tests.web.sign_in.test_csrf import FOREIGN, check_refused

HOME = "/dashboard/operator"
ME = os.getuid()


@pytest.fixture
def browser(anybody: Client) -> Browser:
    return Browser(anybody)


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


async def test_beyond_so_many_sessions_the_oldest_of_the_operator_ends(
    operator: Client, anybody: Client, clock: ManualClock
) -> None:
    browsers = []
    for _ in range(MAX_SESSIONS_OF_HOLDER + 1):
        browsers.append(await signed_in_operator(operator, anybody))
        clock.advance(1)
    assert [(await each.open(HOME)).status for each in browsers[:2]] == [303, 200]
    assert len((await operator.get("/operator/sessions")).json["sessions"]) == MAX_SESSIONS_OF_HOLDER


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_no_other_site_signs_an_operator_in(
    operator: Client, browser: Browser, headers: Mapping[str, str]
) -> None:
    path = await get_link(operator)
    answer = await browser.send(path, {}, headers)
    check_refused(answer)
    assert (await follow(browser, path)).status == 303


async def test_no_other_site_writes_with_an_operators_rights(operator: Client, anybody: Client) -> None:
    browser = await signed_in_operator(operator, anybody)
    token = await find_csrf_token(browser)
    for headers in FOREIGN:
        check_refused(await browser.send("/sign-out", {"csrf_token": token}, headers))
    check_refused(await browser.send("/sign-out", {}))
    assert (await browser.open(HOME)).status == 200
    assert (await browser.send("/sign-out", {"csrf_token": token})).status == 303
    assert (await browser.open(HOME)).status == 303


async def test_the_pages_of_operators_are_there_for_no_other_session(owner: Client, organization: Organization) -> None:
    browser = await signed_in(owner)
    for path in (HOME, f"/dashboard/organizations/{organization.id}"):
        assert (await browser.open(path)).status == 404
        assert (await browser.open(f"{path}/nothing")).status == 404


async def test_without_a_session_the_pages_of_operators_lead_to_the_sign_in(
    browser: Browser, organization: Organization
) -> None:
    for path in (HOME, f"/dashboard/organizations/{organization.id}"):
        assert (await browser.open(path)).status == 303


async def test_an_operator_is_led_from_the_pages_of_tenants_to_their_own(operator: Client, anybody: Client) -> None:
    browser = await signed_in_operator(operator, anybody)
    answer = await browser.open("/dashboard")
    assert (answer.status, answer.headers["Location"]) == (303, HOME)
    part = await browser.open("/dashboard", **{"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == HOME


async def test_an_operators_session_opens_neither_api_nor_socket(operator: Client, anybody: Client) -> None:
    browser = await signed_in_operator(operator, anybody)
    assert (await browser.open("/api/whoami")).status == 401
    assert (await browser.open("/operator/status")).status == 404
    assert (await browser.open("/metrics")).status == 404


async def test_an_operator_sees_an_organization_as_its_own_people_do(
    operator: Client, anybody: Client, organization: Organization
) -> None:
    browser = await signed_in_operator(operator, anybody)
    for name in (organization.id, organization.name):
        page = await browser.open(f"/dashboard/organizations/{name}")
        assert page.status == 200
        assert "Acme" in read_text(page)
        assert f'href="/dashboard/organizations/{organization.id}"' in page.body.decode()
    assert (await browser.open("/dashboard/organizations/org_unknown")).status == 404


async def test_what_an_operator_does_for_an_organization_stands_in_its_audit_under_their_name(
    app: Api,
    operator: Client,
    anybody: Client,
    context: Context,
    organization: Organization,
    last_use: TokenUsage,
) -> None:
    browser = await signed_in_operator(operator, anybody)
    assert browser.secret is not None
    with pytest.raises(Unauthenticated):
        await authenticate_session(context, browser.secret, last_use.update_session, OperatorRights())
    root = f"/dashboard/organizations/{organization.id}"
    operator_caller = await authenticate_session(
        context, browser.secret, last_use.update_session, app.services.operators.value
    )
    acting = await act_for(app.services, organization.id, operator_caller, is_write=True)
    await additions.add(act_as(context, acting), organization.id, "app.customer.com")
    (added,) = (await operator.get(f"/operator/all/audit?organization={organization.id}&limit=1")).json["audit"]
    assert (added["action"], added["actor"]) == ("domain.added", f"operator:{ME}")
    (session,) = (await operator.get("/operator/sessions")).json["sessions"]
    token = await find_csrf_token(browser)
    answer = await browser.send(f"{root}/sessions/{session['id']}/end", {"csrf_token": token})
    assert (answer.status, answer.headers["Location"]) == (303, f"{root}/sessions?done=done_session_ended")
    ended, begun, made = (await operator.get("/operator/all/audit?own=true&limit=3")).json["audit"]
    assert [each["action"] for each in (made, begun, ended)] == [
        "sign_in_link.created", "session.begun", "session.ended",
    ]  # fmt: skip
    assert {each["actor"] for each in (made, begun, ended)} == {f"operator:{ME}"}
    assert (begun["address"], begun["after"]["uid"]) == ("127.0.0.1", ME)


async def test_a_change_for_an_organization_that_is_being_deleted_is_refused(
    operator: Client, anybody: Client, context: Context, organization: Organization
) -> None:
    browser = await signed_in_operator(operator, anybody)
    token = await find_csrf_token(browser)
    await suspension.begin_deletion(context, organization.id)
    root = f"/dashboard/organizations/{organization.id}"
    assert (await browser.send(f"{root}/sessions/ses_1/end", {"csrf_token": token})).status == 409
    assert (await browser.open(root)).status == 200


async def test_an_operators_session_ends_within_twelve_hours_and_earlier_when_it_is_not_used(
    operator: Client, anybody: Client, clock: ManualClock
) -> None:
    browser = await signed_in_operator(operator, anybody)
    for _ in range(11):
        clock.advance(HOUR)
        assert (await browser.open(HOME)).status == 200
    clock.advance(HOUR)
    assert (await browser.open(HOME)).status == 303


async def test_an_observer_reads_and_changes_nothing(
    app: Api, operator: Client, anybody: Client, organization: Organization
) -> None:
    set_rights(app, observers=frozenset({ME}))
    browser = await signed_in_operator(operator, anybody)
    assert "as an observer, who only reads" in read_text(await browser.open(HOME))
    root = f"/dashboard/organizations/{organization.id}"
    assert (await browser.open(root)).status == 200
    # Their own session they end themselves.
    assert (await browser.send("/sign-out", {"csrf_token": await find_csrf_token(browser)})).status == 303
    for path in ("/operator/sign-in-links/", "//operator/sign-in-links", "/operator/sign-in-links/x"):
        assert (await operator.post(path)).status in (201, 403, 404)
    problem(await operator.delete("/operator/sessions"), 403, "only_an_observer")


async def test_a_session_ends_when_its_user_is_no_operator_any_more(
    app: Api, operator: Client, anybody: Client, context: Context
) -> None:
    browser = await signed_in_operator(operator, anybody)
    kept = app.services.operators.value
    set_rights(app, operators=frozenset({ME + 1}))
    assert (await browser.open(HOME)).status == 303
    assert await end_unconfigured(context, app.services.operators.value) == 1
    # One who becomes an operator again signs in again.
    app.services.operators.value = kept
    assert (await browser.open(HOME)).status == 303
    assert await end_unconfigured(context, kept) == 0


async def test_a_link_of_somebody_who_is_no_operator_any_more_does_not_work(
    app: Api, operator: Client, browser: Browser
) -> None:
    path = await get_link(operator)
    set_rights(app, operators=frozenset({ME + 1}))
    assert (await follow(browser, path)).status == 404


@pytest.mark.parametrize("left", ["observer", "nobody"])
async def test_who_loses_rights_loses_them_in_the_midst_of_a_write(
    app: Api, operator: Client, anybody: Client, context: Context, left: str
) -> None:
    browser = await signed_in_operator(operator, anybody)
    token = await find_csrf_token(browser)
    reached = asyncio.Event()

    async def hold_up() -> None:
        reached.set()
        await asyncio.Event().wait()

    database = context.database
    assert isinstance(database, UnreliableDatabase)
    database.before_write = hold_up
    sending = asyncio.create_task(browser.send("/sign-out", {"csrf_token": token}), name="test.send")
    try:
        async with asyncio.timeout(10):
            await reached.wait()
            set_rights(app, observers=frozenset({ME} if left == "observer" else ()))
            app.services.open_requests.check_operators()
            assert has_lost_rights(await sending)
    finally:
        sending.cancel()


async def test_the_rights_are_those_of_the_process_that_asked_for_the_link(
    operator: Client, anybody: Client, context: Context
) -> None:
    await signed_in_operator(operator, anybody)
    (session,) = await context.database.read(sessions.list_of_operators)
    assert session.operator == ProcessUser(uid=ME, gid=os.getgid())
    assert (session.org_id, session.token_id, session.member_id) == (None, None, None)


async def test_sessions_of_operators_are_listed_and_ended_at_the_socket(
    operator: Client, anybody: Client, owner: Client, clock: ManualClock
) -> None:
    first = await signed_in_operator(operator, anybody)
    clock.advance(1)
    second = await signed_in_operator(operator, anybody)
    page = (await operator.get("/operator/sessions?limit=1")).json
    (newest,) = page["sessions"]
    assert newest["uid"] == ME
    rest = (await operator.get(f"/operator/sessions?cursor={page['nextCursor']}")).json["sessions"]
    assert len(rest) == 1
    assert (await owner.get("/api/sessions")).json["sessions"] == []
    problem(await owner.delete(f"/api/sessions/{newest['id']}"), 404, "not_found")
    assert (await operator.delete(f"/operator/sessions/{newest['id']}")).status == 204
    assert ((await first.open(HOME)).status, (await second.open(HOME)).status) == (200, 303)
    assert (await operator.delete("/operator/sessions")).json == {"ended": 1}
    assert (await first.open(HOME)).status == 303


async def test_a_session_that_was_ended_stores_nothing_more(
    app: Api, operator: Client, anybody: Client, context: Context, last_use: TokenUsage
) -> None:
    browser = await signed_in_operator(operator, anybody)
    assert browser.secret is not None
    caller = await authenticate_session(context, browser.secret, last_use.update_session, app.services.operators.value)
    acting = act_as(context, caller)
    await operator.delete("/operator/sessions")
    with pytest.raises(Unauthenticated):
        await organizations.create(acting, "late")


async def test_operators_wait_for_nobodys_turn(operator: Client, anybody: Client) -> None:
    browser = await signed_in_operator(operator, anybody)
    assert "RateLimit" not in (await browser.open(HOME)).headers


async def test_a_use_of_an_operators_session_is_stored(
    operator: Client, anybody: Client, context: Context, clock: ManualClock, last_use: TokenUsage
) -> None:
    browser = await signed_in_operator(operator, anybody)
    clock.advance(HOUR)
    await browser.open(HOME)
    await last_use.store(context)
    (session,) = await context.database.read(sessions.list_of_operators)
    assert session.last_used_at == clock.now()


async def test_the_janitor_removes_what_has_ended(
    operator: Client, anybody: Client, context: Context, clock: ManualClock, last_use: TokenUsage
) -> None:
    await signed_in_operator(operator, anybody)
    await get_link(operator)
    clock.advance(13 * HOUR + 1)
    await Janitor(context, last_use, Metrics()).run_once()
    assert await context.database.read(sessions.list_of_operators) == []
    left = await context.database.read(
        lambda snapshot: snapshot.fetch_count("SELECT count(*) FROM sign_in_links WHERE code_hash > ''")
    )
    assert left == 0


async def test_a_clock_that_ran_ahead_leaves_no_session_beyond_twelve_hours(
    operator: Client, anybody: Client, context: Context, clock: ManualClock
) -> None:
    clock.advance(365 * DAY)
    await signed_in_operator(operator, anybody)
    clock.advance(-365 * DAY)
    await repair_clock_skew(context)
    (session,) = await context.database.read(sessions.list_of_operators)
    assert session.expires_at == clock.now() + 12 * HOUR


async def test_a_restored_backup_opens_neither_a_session_nor_a_link_again(
    operator: Client, anybody: Client, context: Context
) -> None:
    browser = await signed_in_operator(operator, anybody)
    path = await get_link(operator)
    await restores.begin_epoch(context, replaced_epoch=0, backup="b.db")
    assert (await browser.open(HOME)).status == 303
    assert (await browser.open(path)).status == 404


async def read_last_use(operator: Client) -> str:
    (session,) = (await operator.get("/operator/sessions")).json["sessions"]
    return str(session["lastUsedAt"])


async def test_a_request_under_way_ends_with_its_session(operator: Client, anybody: Client, clock: ManualClock) -> None:
    browser = await signed_in_operator(operator, anybody)
    begun_at = await read_last_use(operator)
    clock.advance(MINUTE)

    async def send_slowly() -> AsyncIterator[bytes]:
        yield b"csrf_token="
        await asyncio.Event().wait()

    headers = {**SAME_ORIGIN, **FORM, **browser.cookie_headers}
    posting = asyncio.create_task(
        anybody.as_bearer(None).post("/sign-out", data=send_slowly(), headers=headers), name="test.post"
    )
    try:
        async with asyncio.timeout(10):
            while await read_last_use(operator) == begun_at:
                await asyncio.sleep(0.01)
            await operator.delete("/operator/sessions")
            answer = await posting
        assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?next=%2Fdashboard")
    finally:
        posting.cancel()


async def test_the_pages_of_operators_speak_german(operator: Client, browser: Browser) -> None:
    path = await get_link(operator)
    assert "Als Betreiber anmelden" in read_text(await browser.open(path, **{"Accept-Language": "de"}))
