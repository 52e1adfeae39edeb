"""A session ends with its time, with its token, and with whoever has it; what is under way in it ends too."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from dcvd.config import Config
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.members import MemberStatus
from dcvd.core.operators import OperatorRights
from dcvd.core.sessions import Session
from dcvd.core.tokens.token import Role
from dcvd.errors import Forbidden, Unauthenticated
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services import restores
from dcvd.services.clock_skew import repair_clock_skew
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.members import changes as member_changes
from dcvd.services.sessions import ending
from dcvd.services.sessions.authentication import authenticate_session
from dcvd.services.tokens import changes, minting, revocation, suspension
from dcvd.services.tokens.authentication import act_as
from dcvd.services.tokens.minting import MintedToken
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store import domains, sessions
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client
from tests.signed_in import begin_session
from tests.unreliable_database import UnreliableDatabase
from tests.waiting import until
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import COOKIE, FORM, SAME_ORIGIN, Browser, has_lost_rights, signed_in

IDLE, LIFETIME = 12 * HOUR, 7 * DAY
"""As configured unless an operator says otherwise."""

End = Callable[[Context, str, str, MintedToken], Awaitable[object]]


@pytest.fixture
async def browser(owner: Client) -> Browser:
    return await signed_in(owner)


async def status(browser: Browser) -> int:
    return (await browser.open("/dashboard")).status


async def test_a_session_that_is_not_used_ends(browser: Browser, clock: ManualClock) -> None:
    clock.advance(IDLE - 1)
    assert await status(browser) == 200
    clock.advance(IDLE - 1)
    assert await status(browser) == 200
    clock.advance(IDLE)
    assert await status(browser) == 303


async def test_a_session_ends_however_much_it_is_used(browser: Browser, clock: ManualClock) -> None:
    for _ in range(LIFETIME // (6 * HOUR) - 1):
        clock.advance(6 * HOUR)
        assert await status(browser) == 200
    clock.advance(6 * HOUR - MINUTE)
    page = await browser.open("/dashboard/sessions")
    assert page.status == 200
    assert "or later if it is used" not in read_text(page)
    clock.advance(MINUTE)
    assert await status(browser) == 303


async def test_a_shorter_idle_time_holds_for_sessions_that_are_there(
    browser: Browser, clock: ManualClock, context: Context, config: Config
) -> None:
    context.live_config.value = replace(config, web=replace(config.web, session_idle=MINUTE))
    clock.advance(MINUTE)
    assert await status(browser) == 303


async def test_a_use_counts_before_and_while_it_is_stored(
    browser: Browser, clock: ManualClock, context: Context, last_use: TokenUsage
) -> None:
    clock.advance(IDLE - 1)
    assert await status(browser) == 200
    (session,) = await context.database.read(lambda snapshot: sessions.list_ended(snapshot, 0, 1 << 60, 10))
    assert last_use.update_session(session).last_used_at == clock.now()

    storing = asyncio.create_task(last_use.store(context), name="test.store")
    await asyncio.sleep(0)
    assert last_use.update_session(session).last_used_at == clock.now()
    await storing
    (stored,) = await context.database.read(lambda snapshot: sessions.list_ended(snapshot, 0, 1 << 60, 10))
    assert stored.last_used_at == clock.now()


async def revoke(context: Context, org_id: str, member_id: str, minted: MintedToken) -> None:
    await revocation.revoke(context, org_id, minted.token.id)


async def rotate(context: Context, org_id: str, member_id: str, minted: MintedToken) -> None:
    await changes.rotate(context, org_id, minted.token.id, grace_ms=0)


async def rotate_twice(context: Context, org_id: str, member_id: str, minted: MintedToken) -> None:
    await changes.rotate(context, org_id, minted.token.id, grace_ms=HOUR)
    await changes.rotate(context, org_id, minted.token.id, grace_ms=HOUR)


async def suspend_organization(context: Context, org_id: str, member_id: str, minted: MintedToken) -> None:
    await suspension.suspend(context, org_id)
    await suspension.resume(context, org_id)


async def delete_organization(context: Context, org_id: str, member_id: str, minted: MintedToken) -> None:
    await suspension.begin_deletion(context, org_id)


async def suspend_member(context: Context, org_id: str, member_id: str, minted: MintedToken) -> None:
    await member_changes.change(context, org_id, member_id, status=MemberStatus.SUSPENDED)
    await member_changes.change(context, org_id, member_id, status=MemberStatus.ACTIVE)


async def remove_member(context: Context, org_id: str, member_id: str, minted: MintedToken) -> None:
    await member_changes.remove(context, org_id, member_id)


async def end_session(context: Context, org_id: str, member_id: str, minted: MintedToken) -> None:
    (session,) = await context.database.read(lambda snapshot: sessions.list_of_holder(snapshot, minted.token.id))
    await ending.end_one(context, org_id, session.id)


async def end_all_sessions(context: Context, org_id: str, member_id: str, minted: MintedToken) -> None:
    assert await ending.end_all(context, org_id) == 1


async def restore(context: Context, org_id: str, member_id: str, minted: MintedToken) -> None:
    await restores.begin_epoch(context, replaced_epoch=0, backup="b.db")


ENDINGS = [
    revoke, rotate, rotate_twice, suspend_organization, delete_organization, suspend_member, remove_member,
    end_session, end_all_sessions, restore,
]  # fmt: skip


@pytest.fixture
async def member_id(context: Context, organization: Organization) -> str:
    """A member who is an owner; another one stays behind."""

    def unit(tx: Transaction) -> None:
        tx.execute_many(
            "INSERT INTO members (id, org_id, address, role, status, created_at, updated_at, confirmed_at)"
            " VALUES (?, ?, ?, 'owner', 'active', 1, 1, 1)",
            [(each, organization.id, f"{each}@example.net") for each in ("mem_1", "mem_2")],
        )

    await context.database.write(unit)
    return "mem_1"


@pytest.fixture
async def minted(context: Context, organization: Organization, member_id: str) -> MintedToken:
    return await minting.create(
        context, organization.id, name="t", role=Role.OWNER, expires_at=None, member_id=member_id
    )


@pytest.mark.parametrize("end", ENDINGS)
async def test_an_ended_session_lets_nobody_in_and_stores_nothing(
    context: Context,
    organization: Organization,
    member_id: str,
    minted: MintedToken,
    end: End,
    last_use: TokenUsage,
    anybody: Client,
) -> None:
    begun = await begin_session(context, minted)
    secret = begun.secret.reveal()
    caller = await authenticate_session(context, secret, last_use.update_session, OperatorRights())
    under_way = act_as(context, caller)
    await end(context, organization.id, member_id, minted)
    browser = Browser(anybody)
    browser.secret = secret
    assert await status(browser) in (303, 403)
    with pytest.raises((Unauthenticated, Forbidden)):
        await additions.add(under_way, organization.id, "app.customer.com")
    found = await context.database.read(
        lambda snapshot: domains.find_owned_by_names(snapshot, organization.id, ["app.customer.com"])
    )
    assert not found


@pytest.mark.parametrize("end", [each for each in ENDINGS if each is not restore])
async def test_a_request_that_is_under_way_ends_with_its_session(
    context: Context,
    organization: Organization,
    member_id: str,
    minted: MintedToken,
    end: End,
    anybody: Client,
    last_use: TokenUsage,
    clock: ManualClock,
) -> None:
    begun = await begin_session(context, minted)
    clock.advance(1)
    reached = asyncio.Event()

    async def send_slowly() -> object:
        yield b"csrf_token="
        reached.set()
        await asyncio.Event().wait()

    headers = {**SAME_ORIGIN, **FORM, "Cookie": f"{COOKIE}={begun.secret.reveal()}"}
    posting = asyncio.create_task(
        anybody.as_bearer(None).post("/sign-out", data=send_slowly(), headers=headers), name="test.post"
    )
    try:
        async with asyncio.timeout(10):
            await reached.wait()
            await until(lambda: is_let_in(last_use, begun.session), 10)
            await end(context, organization.id, member_id, minted)
            assert has_lost_rights(await posting)
    finally:
        posting.cancel()


async def is_let_in(last_use: TokenUsage, session: Session) -> bool:
    return last_use.update_session(session) is not session


async def test_a_session_ends_with_the_grace_of_the_secret_with_which_it_began(
    context: Context, organization: Organization, minted: MintedToken, anybody: Client, clock: ManualClock
) -> None:
    before = Browser(anybody)
    assert (await before.sign_in(minted.plaintext.reveal())).status == 303
    rotated = await changes.rotate(context, organization.id, minted.token.id, grace_ms=HOUR)
    after = Browser(anybody)
    assert (await after.sign_in(rotated.plaintext.reveal())).status == 303
    assert (await status(before), await status(after)) == (200, 200)
    listed = await context.database.read(lambda snapshot: sessions.list_of_holder(snapshot, minted.token.id))
    assert {session.expires_at for session in listed} == {clock.now() + HOUR, clock.now() + LIFETIME}
    clock.advance(HOUR)
    assert (await status(before), await status(after)) == (303, 200)


async def test_a_session_ends_when_its_token_expires(
    context: Context, organization: Organization, anybody: Client, clock: ManualClock
) -> None:
    expiring = await minting.create(context, organization.id, name="t", role=Role.MEMBER, expires_at=clock.now() + HOUR)
    browser = Browser(anybody)
    assert (await browser.sign_in(expiring.plaintext.reveal())).status == 303
    clock.advance(HOUR)
    assert await status(browser) == 303


async def test_a_session_has_the_role_that_its_token_has_now(
    context: Context, organization: Organization, member_id: str, minted: MintedToken, last_use: TokenUsage
) -> None:
    begun = await begin_session(context, minted)
    await member_changes.change(context, organization.id, member_id, role=Role.MEMBER)
    caller = await authenticate_session(context, begun.secret.reveal(), last_use.update_session, OperatorRights())
    assert (caller.role, caller.id, caller.actor) == (Role.MEMBER, minted.token.id, f"token:{minted.token.id}")


async def test_the_janitor_removes_what_has_ended_and_says_so_in_the_audit(
    context: Context, minted: MintedToken, clock: ManualClock, last_use: TokenUsage, owner: Client
) -> None:
    begun = await begin_session(context, minted)
    janitor = Janitor(context, last_use, Metrics())
    clock.advance(IDLE + HOUR)
    await janitor.run_once()
    assert await context.database.read(lambda snapshot: sessions.get(snapshot, begun.session.id)) is not None
    clock.advance(1)
    await janitor.run_once()
    assert await context.database.read(lambda snapshot: sessions.get(snapshot, begun.session.id)) is None
    (entry,) = (await owner.get("/api/audit?action=session.ended")).json["audit"]
    assert (entry["actor"], entry["objectId"]) == ("daemon", begun.session.id)


async def test_a_clock_that_ran_ahead_leaves_no_session_in_force_for_years(
    context: Context, minted: MintedToken, clock: ManualClock
) -> None:
    clock.advance(365 * DAY)
    begun = await begin_session(context, minted)
    clock.advance(-365 * DAY)
    await repair_clock_skew(context)
    session = await context.database.read(lambda snapshot: sessions.get(snapshot, begun.session.id))
    assert session is not None
    assert session.expires_at == clock.now() + LIFETIME
    assert session.last_used_at == clock.now()


async def test_what_is_no_secret_of_a_session_lets_nobody_in(context: Context, last_use: TokenUsage) -> None:
    for secret in ("", "dcv_session_", "dcv_session_" + "0" * 64, "x" * 10_000):
        with pytest.raises(Unauthenticated):
            await authenticate_session(context, secret, last_use.update_session, OperatorRights())


async def test_a_sign_in_whose_token_changes_meanwhile_begins_no_session(
    context: Context, organization: Organization, member_id: str, minted: MintedToken, anybody: Client
) -> None:
    database = context.database
    assert isinstance(database, UnreliableDatabase)

    async def change_once() -> None:
        database.before_write = None
        await member_changes.change(context, organization.id, member_id, role=Role.ADMIN)

    database.before_write = change_once
    answer = await Browser(anybody).sign_in(minted.plaintext.reveal())
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers
    assert not await database.read(lambda snapshot: sessions.list_of_holder(snapshot, minted.token.id))
