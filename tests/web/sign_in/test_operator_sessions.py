"""Sessions of operators: how they end, how they are listed, and what they outlive."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from dcvd.api.app import Api
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.sessions import MAX_SESSIONS_OF_HOLDER
from dcvd.errors import Unauthenticated
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services import organizations
from dcvd.services.clock_skew import repair_clock_skew
from dcvd.services.context import Context
from dcvd.services.sessions.authentication import authenticate_session
from dcvd.services.sessions.ending import end_unconfigured
from dcvd.services.tokens.authentication import act_as
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store import sessions
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.web.sign_in.browser import FORM, SAME_ORIGIN
from tests.web.sign_in.operating import HOME, ME, get_link, set_rights, signed_in_operator


async def test_beyond_so_many_sessions_the_oldest_of_the_operator_ends(
    operator: Client, anybody: Client, clock: ManualClock
) -> None:
    browsers = []
    for _ in range(MAX_SESSIONS_OF_HOLDER + 1):
        browsers.append(await signed_in_operator(operator, anybody))
        clock.advance(1)
    assert [(await each.open(HOME)).status for each in browsers[:2]] == [303, 200]
    assert len((await operator.get("/operator/sessions")).json["sessions"]) == MAX_SESSIONS_OF_HOLDER


async def test_an_operators_session_ends_within_twelve_hours_and_earlier_when_it_is_not_used(
    operator: Client, anybody: Client, clock: ManualClock
) -> None:
    browser = await signed_in_operator(operator, anybody)
    for _ in range(11):
        clock.advance(HOUR)
        assert (await browser.open(HOME)).status == 200
    clock.advance(HOUR)
    assert (await browser.open(HOME)).status == 303


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
