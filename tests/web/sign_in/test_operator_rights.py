"""What an operator who is signed in may see and change, and nobody else."""

import asyncio
from collections.abc import Mapping

import pytest

from dcvd.api.app import Api
from dcvd.core.operators import OperatorRights
from dcvd.errors import Unauthenticated
from dcvd.http.access.acting_operators import act_for
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.sessions.authentication import authenticate_session
from dcvd.services.tokens import suspension
from dcvd.services.tokens.authentication import act_as
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Client, problem
from tests.unreliable_database import UnreliableDatabase
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser, has_lost_rights, signed_in
from tests.web.sign_in.operating import HOME, ME, find_csrf_token, follow, get_link, set_rights, signed_in_operator
from tests.web.sign_in.test_csrf import FOREIGN, check_refused


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


async def test_operators_wait_for_nobodys_turn(operator: Client, anybody: Client) -> None:
    browser = await signed_in_operator(operator, anybody)
    assert "RateLimit" not in (await browser.open(HOME)).headers
