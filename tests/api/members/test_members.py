"""Members: invited by a link for one use, changed by whoever ranks as high, and never without an owner."""

import asyncio
from typing import Any

import pytest

from dcvd.core.instants import DAY
from dcvd.services.context import Context
from dcvd.services.events.feed import EventFeed
from dcvd.services.organizations import quotas
from dcvd.services.tokens import suspension
from dcvd.store.organizations.organizations import Organization
from tests.api.tokens.test_revocation import begin_long_poll
from tests.manual_clock import ManualClock
from tests.served_app.client import Answer, Client, problem
from tests.unreliable_database import UnreliableDatabase

MEMBERS = "/api/members"


async def invite(caller: Client, address: str, role: str = "member") -> dict[str, Any]:
    answer = await caller.post(MEMBERS, {"address": address, "role": role})
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json["member"]
    return found


async def accept(anybody: Client, invited: dict[str, Any]) -> Answer:
    return await anybody.as_bearer(None).post(f"{MEMBERS}/accept", {"token": invited["inviteToken"]})


async def join(caller: Client, address: str, role: str = "member") -> dict[str, Any]:
    """A member who has accepted."""
    accepted = await accept(caller, await invite(caller, address, role))
    assert accepted.status == 200, accepted.body
    found: dict[str, Any] = accepted.json["member"]
    return found


async def mint_for(caller: Client, member: dict[str, Any], role: str) -> Client:
    answer = await caller.post("/api/tokens", {"name": "own", "role": role, "memberId": member["id"]})
    assert answer.status == 201, answer.body
    assert answer.json["token"]["memberId"] == member["id"]
    return caller.as_bearer(answer.json["token"]["token"])


async def test_an_invitation_is_shown_once_and_confirms_the_address_once(owner: Client, anybody: Client) -> None:
    invited = await invite(owner, " Anna.Berg@Example.COM ", "admin")
    assert invited["id"].startswith("mem_")
    assert (invited["address"], invited["role"], invited["status"]) == ("anna.berg@example.com", "admin", "invited")
    listed = await owner.get(MEMBERS)
    assert [each["id"] for each in listed.json["members"]] == [invited["id"]]
    assert b"dcv_invite" not in listed.body
    accepted = (await accept(anybody, invited)).json["member"]
    assert (accepted["status"], accepted["inviteExpiresAt"]) == ("active", None)
    assert accepted["confirmedAt"] is not None
    problem(await accept(anybody, invited), 400, "invalid_invite", field="token")
    assert (await owner.get(f"{MEMBERS}/{invited['id']}")).json["member"]["status"] == "active"


async def test_an_invitation_ends_after_a_week_and_with_the_next_one(
    owner: Client, anybody: Client, clock: ManualClock
) -> None:
    first = await invite(owner, "a@example.com")
    renewed = (await owner.post(f"{MEMBERS}/{first['id']}/invite")).json["member"]
    problem(await accept(anybody, first), 400, "invalid_invite", field="token")
    clock.advance(7 * DAY)
    problem(await accept(anybody, renewed), 400, "invalid_invite", field="token")
    again = (await owner.post(f"{MEMBERS}/{first['id']}/invite")).json["member"]
    assert (await accept(anybody, again)).status == 200
    problem(await owner.post(f"{MEMBERS}/{first['id']}/invite"), 409, "not_invited")


async def test_an_invitation_does_not_outlast_that_its_member_gets_a_higher_role(
    admin: Client, owner: Client, anybody: Client
) -> None:
    """Whoever made it knows it, and could become by it what they may not appoint."""
    invited = (await admin.post("/api/members", {"address": "bob@acme.example"})).json["member"]
    path = f"/api/members/{invited['id']}"
    assert (await admin.patch(path, {"role": "member"})).json["member"]["inviteExpiresAt"] is not None
    raised = (await owner.patch(path, {"role": "owner"})).json["member"]
    assert (raised["role"], raised["status"], raised["inviteExpiresAt"]) == ("owner", "invited", None)
    problem(await accept(anybody, invited), 400, "invalid_invite", field="token")
    problem(await admin.post(f"{path}/invite"), 403, "forbidden")
    again = (await owner.post(f"{path}/invite")).json["member"]
    lowered = (await owner.patch(path, {"role": "admin"})).json["member"]
    assert lowered["inviteExpiresAt"] == again["inviteExpiresAt"]
    assert (await accept(anybody, again)).json["member"]["role"] == "admin"


@pytest.mark.parametrize(
    "address", ["", "a", "a@", "@b.example", "a@b", "a b@c.example", "a@b..example", f"{'x' * 65}@b.example",
                "ä@b.example", "\N{KELVIN SIGN}@b.example", f"a@{'b' * 64}.example", f"a@{'b.' * 126}example"],
)  # fmt: skip
async def test_what_is_no_address_is_refused(owner: Client, address: str) -> None:
    problem(await owner.post(MEMBERS, {"address": address}), 400, "invalid_input", field="address")


async def test_one_person_is_one_member_however_the_address_is_written(owner: Client, stranger: Client) -> None:
    invited = await invite(owner, "a@example.com")
    again = problem(await owner.post(MEMBERS, {"address": "A@EXAMPLE.com"}), 409, "member_exists")
    assert again["existingId"] == invited["id"]
    assert (await invite(stranger, "a@example.com"))["id"] != invited["id"]
    problem(await stranger.get(f"{MEMBERS}/{invited['id']}"), 404, "not_found")
    problem(await stranger.delete(f"{MEMBERS}/{invited['id']}"), 404, "not_found")


async def test_members_have_a_quota(owner: Client, context: Context, organization: Organization) -> None:
    await quotas.set_quotas(context, organization.id, {"members": 1})
    await invite(owner, "a@example.com")
    problem(await owner.post(MEMBERS, {"address": "b@example.com"}), 403, "quota_reached")


async def test_nobody_invites_changes_or_removes_what_is_above_their_rank(
    owner: Client, admin: Client, member: Client
) -> None:
    boss = await join(owner, "boss@example.com", "owner")
    other = await join(owner, "other@example.com", "member")
    problem(await admin.post(MEMBERS, {"address": "x@example.com", "role": "owner"}), 403, "forbidden")
    problem(await admin.patch(f"{MEMBERS}/{boss['id']}", {"role": "member"}), 403, "forbidden")
    problem(await admin.patch(f"{MEMBERS}/{boss['id']}", {"status": "suspended"}), 403, "forbidden")
    problem(await admin.patch(f"{MEMBERS}/{other['id']}", {"role": "owner"}), 403, "forbidden")
    problem(await admin.delete(f"{MEMBERS}/{boss['id']}"), 403, "forbidden")
    pending = await invite(owner, "pending@example.com", "owner")
    problem(await admin.post(f"{MEMBERS}/{pending['id']}/invite"), 403, "forbidden")
    assert (await admin.patch(f"{MEMBERS}/{other['id']}", {"role": "admin"})).status == 200
    problem(await member.post(MEMBERS, {"address": "x@example.com"}), 403, "forbidden")
    assert (await member.get(MEMBERS)).status == 200


async def test_a_token_that_is_limited_to_scopes_gives_nobody_a_role_that_is_not(owner: Client) -> None:
    minted = await owner.post("/api/tokens", {"name": "people", "role": "owner", "scopes": ["members:write"]})
    limited = owner.as_bearer(minted.json["token"]["token"])
    problem(await limited.post(MEMBERS, {"address": "x@example.com", "role": "admin"}), 403, "forbidden")
    person = f"{MEMBERS}/{(await invite(limited, 'x@example.com'))['id']}"
    problem(await limited.patch(person, {"role": "admin"}), 403, "forbidden")
    assert (await limited.post(f"{person}/invite")).status == 200
    pending = f"{MEMBERS}/{(await invite(owner, 'pending@example.com', 'admin'))['id']}"
    problem(await limited.post(f"{pending}/invite"), 403, "forbidden")
    assert (await limited.patch(pending, {"status": "suspended"})).status == 200
    assert (await limited.patch(pending, {"role": "member", "status": "active"})).status == 200
    assert (await limited.delete(pending)).status == 204


async def test_the_last_active_owner_stays_one(owner: Client) -> None:
    first = await join(owner, "first@example.com", "owner")
    await invite(owner, "invited@example.com", "owner")
    for change in ({"role": "admin"}, {"status": "suspended"}):
        problem(await owner.patch(f"{MEMBERS}/{first['id']}", change), 409, "last_owner")
    problem(await owner.delete(f"{MEMBERS}/{first['id']}"), 409, "last_owner")
    second = await join(owner, "second@example.com", "owner")
    assert (await owner.patch(f"{MEMBERS}/{first['id']}", {"status": "suspended"})).status == 200
    problem(await owner.delete(f"{MEMBERS}/{second['id']}"), 409, "last_owner")
    assert (await owner.delete(f"{MEMBERS}/{first['id']}")).status == 204


async def test_only_the_person_becomes_active(owner: Client, anybody: Client) -> None:
    invited = await invite(owner, "a@example.com")
    path = f"{MEMBERS}/{invited['id']}"
    problem(await owner.patch(path, {"status": "active"}), 409, "member_not_confirmed")
    assert (await owner.patch(path, {"status": "suspended"})).json["member"]["inviteExpiresAt"] is None
    problem(await accept(anybody, invited), 400, "invalid_invite", field="token")
    back = (await owner.patch(path, {"status": "active"})).json["member"]
    assert back["status"] == "invited"
    accepted = await accept(anybody, (await owner.post(f"{path}/invite")).json["member"])
    assert accepted.status == 200
    await owner.patch(path, {"status": "suspended"})
    assert (await owner.patch(path, {"status": "active"})).json["member"]["status"] == "active"


async def test_a_token_of_a_member_never_outranks_them(owner: Client) -> None:
    person = await join(owner, "a@example.com", "admin")
    body = {"name": "x", "role": "owner", "memberId": person["id"]}
    problem(await owner.post("/api/tokens", body), 400, "invalid_input", field="role")
    own = await mint_for(owner, person, "admin")
    assert (await own.post("/api/domains", {"domainName": "a.customer.com"})).status == 201
    await owner.patch(f"{MEMBERS}/{person['id']}", {"role": "member"})
    problem(await own.post("/api/domains", {"domainName": "b.customer.com"}), 403, "forbidden")
    assert (await own.get("/api/domains")).status == 200
    await owner.patch(f"{MEMBERS}/{person['id']}", {"role": "owner"})
    problem(await own.post("/api/tokens", {"name": "x", "role": "owner"}), 403, "forbidden")


@pytest.mark.parametrize("end", ["suspended", "removed"])
async def test_the_open_requests_of_a_members_token_end_with_the_member(
    owner: Client, feed: EventFeed, end: str
) -> None:
    person = await join(owner, "a@example.com", "admin")
    own = await mint_for(owner, person, "member")
    polling = await begin_long_poll(own, feed)
    path = f"{MEMBERS}/{person['id']}"
    if end == "removed":
        assert (await owner.delete(path)).status == 204
    else:
        await owner.patch(path, {"status": "suspended"})
    async with asyncio.timeout(5):
        problem(await polling, 401, "unauthenticated")
    problem(await own.get("/api/domains"), 401, "unauthenticated")
    names = [each["name"] for each in (await owner.get("/api/tokens")).json["tokens"]]
    assert ("own" in names) is (end == "suspended")
    if end == "suspended":
        await owner.patch(path, {"status": "active"})
        assert (await own.get("/api/domains")).status == 200


async def test_what_a_members_token_mints_is_theirs_too(owner: Client) -> None:
    person = await join(owner, "a@example.com", "admin")
    own = await mint_for(owner, person, "admin")
    minted = (await own.post("/api/tokens", {"name": "child", "role": "admin"})).json["token"]
    assert minted["memberId"] == person["id"]
    problem(await own.post("/api/tokens", {"name": "free", "memberId": None}), 403, "forbidden")
    other = await join(owner, "b@example.com", "admin")
    problem(await own.post("/api/tokens", {"name": "free", "memberId": other["id"]}), 403, "forbidden")
    shared = (await owner.post("/api/tokens", {"name": "shared", "role": "admin", "memberId": None})).json["token"]
    problem(await own.post(f"/api/tokens/{shared['id']}/rotate", {}), 403, "forbidden")
    child = own.as_bearer(minted["token"])
    await owner.patch(f"{MEMBERS}/{person['id']}", {"status": "suspended"})
    problem(await child.get("/api/domains"), 401, "unauthenticated")


async def test_a_token_is_made_for_an_active_member_of_the_organization_alone(owner: Client, stranger: Client) -> None:
    invited = await invite(owner, "a@example.com")
    foreign = await join(stranger, "b@example.com")
    for member_id in (invited["id"], foreign["id"], "mem_x"):
        answer = await owner.post("/api/tokens", {"name": "x", "memberId": member_id})
        problem(answer, 400, "invalid_input", field="memberId")


async def test_an_invitation_of_a_suspended_organization_waits(
    owner: Client, anybody: Client, context: Context, organization: Organization
) -> None:
    invited = await invite(owner, "a@example.com")
    await suspension.suspend(context, organization.id)
    problem(await accept(anybody, invited), 403, "organization_suspended")
    await suspension.resume(context, organization.id)
    assert (await accept(anybody, invited)).status == 200


@pytest.mark.parametrize("token", ["", "x", "dcv_invite_", f"dcv_invite_{'0' * 64}", f"dcv_live_{'0' * 32}"])
async def test_what_is_no_invitation_is_refused_and_writes_nothing(
    anybody: Client, context: Context, token: str
) -> None:
    async def refuse() -> None:
        raise AssertionError("nothing is to be written")

    assert isinstance(context.database, UnreliableDatabase)
    context.database.before_write = refuse
    problem(await anybody.post(f"{MEMBERS}/accept", {"token": token}), 400, "invalid_invite", field="token")
