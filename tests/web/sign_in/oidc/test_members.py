"""The active member with the verified address is signed in, with their role; nobody else is, and is told what to do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from dcvd.api.app import Api
from dcvd.config.web_section import WebOidcConfig
from dcvd.core.callers import CallerKind
from dcvd.core.instants import HOUR, MINUTE
from dcvd.core.members import Member, MemberStatus
from dcvd.core.operators import OperatorRights
from dcvd.core.tokens.scopes import SUBJECTS
from dcvd.core.tokens.token import Role
from dcvd.errors import DcvdError, Forbidden, Unauthenticated
from dcvd.http.access.authorization import check_permission
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services import organizations, restores
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.links import creation
from dcvd.services.members import changes
from dcvd.services.sessions import ending
from dcvd.services.sessions.authentication import authenticate_session
from dcvd.services.tokens import minting, suspension
from dcvd.services.tokens.authentication import act_as
from dcvd.services.tokens.member_sessions import build_member_caller
from dcvd.services.tokens.rights import TokenLimits
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store import domains, sessions
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.waiting import until
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import COOKIE, FORM, SAME_ORIGIN, has_lost_rights
from tests.web.sign_in.oidc.issuer import ADDRESS, FakeIssuer
from tests.web.sign_in.oidc.place import GROUPS, OidcBrowser, add_member, configure, find_role
from tests.web.sign_in.test_csrf import FOREIGN
from tests.web.sign_in.test_endings import is_let_in


async def test_a_member_acts_in_a_session_of_their_own(
    issuer: FakeIssuer,
    browser: OidcBrowser,
    member_id: str,
    context: Context,
    owner: Client,
    organization: Organization,
    last_use: TokenUsage,
) -> None:
    assert (await browser.sign_in_at(issuer)).status == 200
    page = await browser.open("/dashboard")
    assert page.status == 200
    assert f"{ADDRESS} (owner)" in read_text(page)
    assert "RateLimit" in page.headers
    assert browser.secret is not None
    caller = await authenticate_session(context, browser.secret, last_use.update_session, OperatorRights())
    assert (caller.kind, caller.id, caller.org_id, caller.claimant, caller.scopes, caller.domains) == (
        CallerKind.MEMBER, member_id, organization.id, organization.id, None, None,
    )  # fmt: skip
    domain = await additions.add(act_as(context, caller), organization.id, "app.customer.com", actor=caller.actor)
    added, begun = (await owner.get("/api/audit?limit=2")).json["audit"]
    assert (added["action"], added["actor"]) == ("domain.added", f"member:{member_id}")
    assert (begun["action"], begun["actor"], begun["address"]) == ("session.begun", f"member:{member_id}", "127.0.0.1")
    assert (begun["after"]["memberId"], begun["after"]["role"]) == (member_id, "owner")
    timeline = (await owner.get(f"/api/domains/{domain.id}/timeline")).json["timeline"]
    assert f"member:{member_id}" in str(timeline)


@pytest.mark.parametrize("claims", [
    {"email_verified": False}, {"email_verified": None}, {"email_verified": "true"}, {"email_verified": 1},
    {"email": None}, {"email": "no address"}, {"email": ["ann@example.net"]},
], ids=str)  # fmt: skip
async def test_an_address_that_the_provider_has_not_verified_signs_nobody_in(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    answer = await browser.sign_in_at(issuer)
    assert answer.status == 403
    assert "does not say that your e-mail address is verified" in read_text(answer)
    assert browser.secret is None


async def test_case_makes_no_other_address(issuer: FakeIssuer, browser: OidcBrowser, member_id: str) -> None:
    issuer.claims = {"email": "Ann@Example.NET"}
    assert (await browser.sign_in_at(issuer)).status == 200


@pytest.mark.parametrize("state", ["stranger", "invited", "suspended", "organization suspended", "being deleted"])
async def test_nobody_but_an_active_member_is_let_in(
    issuer: FakeIssuer, browser: OidcBrowser, context: Context, organization: Organization, state: str
) -> None:
    status = MemberStatus(state) if state in set(MemberStatus) else MemberStatus.ACTIVE
    await add_member(
        context, organization.id, "mem_ann", status=status, address="x@example.net" if state == "stranger" else ADDRESS
    )
    if state == "organization suspended":
        await suspension.suspend(context, organization.id)
    if state == "being deleted":
        await suspension.begin_deletion(context, organization.id)
    answer = await browser.sign_in_at(issuer)
    assert answer.status == 403
    for part in (f"knows you as {ADDRESS}", "Ask an owner or admin", "invitation"):
        assert part in read_text(answer)
    assert browser.secret is None


async def test_whoever_belongs_to_several_organizations_chooses_one(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context
) -> None:
    other = await organizations.create(context, "Zebra <b>")
    await add_member(context, other.id, "mem_zebra", role=Role.MEMBER)
    closed = await organizations.create(context, "Closed")
    await add_member(context, closed.id, "mem_closed")
    await suspension.suspend(context, closed.id)
    page = await browser.sign_in_at(issuer, "/dashboard?a=b")
    assert (page.status, browser.secret) == (200, None)
    text = read_text(page)
    assert text.index("Acme") < text.index("Zebra <b>")
    assert "Closed" not in text
    assert browser.attempt.partition(".")[0] not in page.body.decode()
    answer = await browser.choose("mem_zebra")
    assert (answer.status, answer.headers["Refresh"]) == (200, "0; url=/dashboard?a=b")
    assert "Zebra" in read_text(await browser.open("/dashboard"))


async def test_a_choice_is_good_for_one_use_for_ones_own_and_for_ten_minutes(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, clock: ManualClock
) -> None:
    other = await organizations.create(context, "Other")
    await add_member(context, other.id, "mem_b")

    async def offer() -> str:
        await browser.sign_in_at(issuer)
        return browser.attempt

    for chosen in ("mem_b_other", "mem_unknown", ""):
        await offer()
        assert (await browser.choose(chosen)).status == 400
    attempt = await offer()
    assert (await browser.choose("mem_b")).status == 200
    browser.secret, browser.attempt = None, attempt
    assert (await browser.choose(member_id)).status == 400
    await offer()
    clock.advance(10 * MINUTE)
    assert (await browser.choose("mem_b")).status == 400
    browser.attempt = "dcv_signin_" + "0" * 64
    assert (await browser.choose("mem_b")).status == 400
    assert browser.secret is None


async def test_no_other_site_chooses_for_its_visitor(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context
) -> None:
    other = await organizations.create(context, "Other")
    await add_member(context, other.id, "mem_b")
    await browser.sign_in_at(issuer)
    for headers in FOREIGN:
        assert (await browser.send("/sign-in/oidc/organization", {"member": "mem_b"}, headers)).status == 403
    assert (await browser.choose("mem_b")).status == 200


async def test_the_janitor_forgets_who_did_not_choose(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, clock: ManualClock, last_use: TokenUsage
) -> None:
    other = await organizations.create(context, "Other")
    await add_member(context, other.id, "mem_b")
    for _ in range(12):
        await browser.sign_in_at(issuer)

    async def count() -> int:
        return await context.database.read(
            lambda snapshot: snapshot.fetch_count("SELECT count(*) FROM sign_in_choices WHERE code_hash > ''")
        )

    assert await count() == 10
    clock.advance(HOUR)
    await Janitor(context, last_use, Metrics()).run_once()
    assert await count() == 0


async def test_the_role_follows_the_membership(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, organization: Organization,
    last_use: TokenUsage,
) -> None:  # fmt: skip
    await browser.sign_in_at(issuer)
    assert browser.secret is not None
    before = await authenticate_session(context, browser.secret, last_use.update_session, OperatorRights())
    await changes.change(context, organization.id, member_id, role=Role.MEMBER)
    assert await find_role(context, browser, last_use) is Role.MEMBER
    with pytest.raises(Forbidden) as refused:
        await additions.add(act_as(context, before), organization.id, "app.customer.com")
    assert refused.value.code == "rights_changed"


async def suspend_member(context: Context, org_id: str, member_id: str) -> None:
    await changes.change(context, org_id, member_id, status=MemberStatus.SUSPENDED)
    await changes.change(context, org_id, member_id, status=MemberStatus.ACTIVE)


async def remove_member(context: Context, org_id: str, member_id: str) -> None:
    await changes.remove(context, org_id, member_id)


async def suspend_organization(context: Context, org_id: str, member_id: str) -> None:
    await suspension.suspend(context, org_id)
    await suspension.resume(context, org_id)


async def end_session(context: Context, org_id: str, member_id: str) -> None:
    (session,) = await context.database.read(lambda snapshot: sessions.list_of_holder(snapshot, member_id))
    await ending.end_one(context, org_id, session.id)


async def end_all(context: Context, org_id: str, member_id: str) -> None:
    assert await ending.end_all(context, org_id) == 1


async def restore(context: Context, org_id: str, member_id: str) -> None:
    await restores.begin_epoch(context, replaced_epoch=0, backup="b.db")


async def change_the_provider(context: Context, org_id: str, member_id: str) -> None:
    configure(context, issuer="https://other.example.net")


async def do_without_a_provider(context: Context, org_id: str, member_id: str) -> None:
    configure(context, issuer="")


async def let_groups_count(context: Context, org_id: str, member_id: str) -> None:
    configure(context, **GROUPS)


End = Callable[[Context, str, str], Awaitable[None]]
STORED: list[End] = [suspend_member, remove_member, suspend_organization, end_session, end_all]
CONFIGURED: list[End] = [change_the_provider, do_without_a_provider, let_groups_count]


@pytest.mark.parametrize("end", [*STORED, restore, *CONFIGURED])
async def test_a_session_ends_with_what_it_hangs_on_and_stores_nothing_more(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, organization: Organization,
    last_use: TokenUsage, end: End,
) -> None:  # fmt: skip
    await browser.sign_in_at(issuer)
    assert browser.secret is not None
    caller = await authenticate_session(context, browser.secret, last_use.update_session, OperatorRights())
    await end(context, organization.id, member_id)
    assert (await browser.open("/dashboard")).status == 303
    with pytest.raises((Unauthenticated, Forbidden)):
        await additions.add(act_as(context, caller), organization.id, "app.customer.com")
    assert not await context.database.read(
        lambda snapshot: domains.find_owned_by_names(snapshot, organization.id, ["app.customer.com"])
    )


async def lower_role(context: Context, org_id: str, member_id: str) -> None:
    await changes.change(context, org_id, member_id, role=Role.ADMIN)


@pytest.mark.parametrize("end", [*STORED, lower_role])
async def test_a_request_that_is_under_way_ends_with_it(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, organization: Organization,
    last_use: TokenUsage, clock: ManualClock, anybody: Client, end: End,
) -> None:  # fmt: skip
    await browser.sign_in_at(issuer)
    (session,) = await context.database.read(lambda snapshot: sessions.list_of_holder(snapshot, member_id))
    clock.advance(1)
    reached = asyncio.Event()

    async def send_slowly() -> AsyncIterator[bytes]:
        yield b"csrf_token="
        reached.set()
        await asyncio.Event().wait()

    headers = {**SAME_ORIGIN, **FORM, "Cookie": f"{COOKIE}={browser.secret}"}
    posting = asyncio.create_task(
        anybody.as_bearer(None).post("/sign-out", data=send_slowly(), headers=headers), name="test.post"
    )
    try:
        async with asyncio.timeout(10):
            await reached.wait()
            await until(lambda: is_let_in(last_use, session), 10)
            await end(context, organization.id, member_id)
            assert has_lost_rights(await posting)
    finally:
        posting.cancel()


async def test_sessions_of_members_are_listed_and_ended_within_rank(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, owner: Client, admin: Client, context: Context,
    organization: Organization, anybody: Client,
) -> None:  # fmt: skip
    await browser.sign_in_at(issuer)
    (shown,) = (await admin.get("/api/sessions")).json["sessions"]
    assert (shown["memberId"], shown["tokenId"]) == (member_id, None)
    problem(await admin.delete(f"/api/sessions/{shown['id']}"), 403, "forbidden")
    assert (await admin.delete("/api/sessions")).json == {"ended": 0}
    limits = TokenLimits(domains=["a.customer.com"])
    limited = await minting.create(context, organization.id, name="l", role=Role.OWNER, expires_at=None, limits=limits)
    problem(
        await anybody.as_bearer(limited.plaintext.reveal()).delete(f"/api/sessions/{shown['id']}"), 404, "not_found"
    )
    assert (await owner.delete(f"/api/sessions/{shown['id']}")).status == 204
    assert (await browser.open("/dashboard")).status == 303


async def test_what_a_member_makes_ends_with_them(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, organization: Organization,
    last_use: TokenUsage, anybody: Client,
) -> None:  # fmt: skip
    await browser.sign_in_at(issuer)
    assert browser.secret is not None
    caller = await authenticate_session(context, browser.secret, last_use.update_session, OperatorRights())
    acting = act_as(context, caller)
    minted = await minting.create(acting, organization.id, name="t", role=Role.ADMIN, expires_at=None)
    assert minted.token.member_id == member_id
    link = (await creation.create(acting, organization.id, domain_id=None, lifetime_ms=HOUR)).link
    assert link.member_id == member_id
    await changes.remove(context, organization.id, member_id)
    assert (await anybody.as_bearer(minted.plaintext.reveal()).get("/api/whoami")).status == 401


async def test_a_member_who_loses_their_role_meanwhile_begins_no_session(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, organization: Organization
) -> None:
    database: Any = context.database

    async def suspend_once() -> None:
        database.before_write = None
        await changes.change(context, organization.id, member_id, status=MemberStatus.SUSPENDED)

    database.before_write = suspend_once
    assert (await browser.sign_in_at(issuer)).status == 403
    assert browser.secret is None


async def test_beside_tokens_and_members_nothing_of_a_session_is_told(
    app: Api, issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context
) -> None:
    await browser.sign_in_at(issuer)
    rows = await context.database.read(lambda snapshot: snapshot.fetch_all("SELECT * FROM sessions WHERE id > ''"))
    assert browser.secret is not None
    assert browser.secret not in str(rows)
    with pytest.raises(DcvdError):
        await authenticate_session(context, "dcv_session_" + "0" * 64, lambda session: session, OperatorRights())


@pytest.mark.parametrize(("role", "may_write"), [(Role.OWNER, True), (Role.ADMIN, True), (Role.MEMBER, False)])
async def test_members_may_do_all_that_their_role_allows_in_each_subject(role: Role, may_write: bool) -> None:
    member = Member(
        id="mem_1", org_id="org_1", address=ADDRESS, role=role, status=MemberStatus.ACTIVE, created_at=1, updated_at=1
    )
    caller = build_member_caller(WebOidcConfig(), member, "", None)
    assert caller is not None
    for subject in SUBJECTS:
        check_permission(caller, {"subject": subject}, "GET")
        if may_write:
            check_permission(caller, {"subject": subject, "needs_admin": True}, "POST")
            continue
        with pytest.raises(Forbidden):
            check_permission(caller, {"subject": subject}, "POST")
        with pytest.raises(Forbidden):
            check_permission(caller, {"subject": subject, "needs_admin": True}, "GET")


@pytest.mark.parametrize("end", CONFIGURED)
async def test_what_the_configuration_ended_does_not_come_back_with_it(
    issuer: FakeIssuer, browser: OidcBrowser, member_id: str, context: Context, organization: Organization, end: End
) -> None:
    await browser.sign_in_at(issuer)
    config = context.config
    assert await ending.end_unconfigured(context, OperatorRights()) == 0
    await end(context, organization.id, member_id)
    assert await ending.end_unconfigured(context, OperatorRights()) == 1
    context.live_config.value = config
    assert (await browser.open("/dashboard")).status == 303
