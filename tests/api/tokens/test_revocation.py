"""What becomes of requests that are under way when their token's rights end."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from dcvd.core.members import MemberStatus
from dcvd.core.tokens.token import Role
from dcvd.services.context import Context
from dcvd.services.events.feed import EventFeed
from dcvd.services.members import changes, invitations
from dcvd.services.tokens import changes as token_changes
from dcvd.services.tokens import minting, revocation, suspension
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Answer, Client, problem
from tests.served_app.fixtures import Mint
from tests.served_app.stand_ins import NOW, FakeObserver
from tests.unreliable_database import UnreliableDatabase
from tests.waiting import until

BULK = "/api/domains/bulk"


class Stream:
    """A bulk call over a connection of its own, whose lines are sent one at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, name: str) -> None:
        line = json.dumps({"domainName": name}).encode() + b"\n"
        self._writer.write(b"%x\r\n%s\r\n" % (len(line), line))

    async def read_outcome(self) -> dict[str, Any]:
        while not (found := await self._reader.readline()).startswith(b"{"):
            assert found, "the connection ended"
        return json.loads(found)  # type: ignore[no-any-return]

    async def read_end(self) -> bytes:
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def open_stream(port: int, token: str) -> AsyncIterator[Stream]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {BULK} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
    writer.write(f"{head}Authorization: Bearer {token}\r\n\r\n".encode())
    try:
        async with asyncio.timeout(10):
            yield Stream(reader, writer)
    finally:
        writer.close()


async def begin_long_poll(client: Client, feed: EventFeed) -> asyncio.Task[Answer]:
    """Ask for the next event, and return once the request waits for it."""
    before = sum(feed.waiter_counts.values())
    polling = asyncio.create_task(client.get("/api/events", headers={"Prefer": "wait=30"}), name="test.poll")

    async def waits() -> bool:
        return sum(feed.waiter_counts.values()) > before

    await until(waits, 10)
    return polling


async def token_id_of(owner: Client, name: str) -> str:
    tokens = (await owner.get("/api/tokens")).json["tokens"]
    (found,) = [token["id"] for token in tokens if token["name"] == name]
    return str(found)


async def test_the_long_poll_of_a_revoked_token_ends_at_once_and_is_handed_no_event(
    member: Client, owner: Client, feed: EventFeed
) -> None:
    polling = await begin_long_poll(member, feed)
    assert (await owner.delete(f"/api/tokens/{await token_id_of(owner, 'a member')}")).status == 204
    await owner.post("/api/domains", {"domainName": "www.customer.com"})
    async with asyncio.timeout(5):
        problem(await polling, 401, "unauthenticated")


async def test_the_long_poll_of_a_token_that_expires_ends_then(
    anybody: Client, mint: Mint, feed: EventFeed, organization: Organization
) -> None:
    polling = await begin_long_poll(anybody.as_bearer(await mint(Role.MEMBER, expires_at=NOW + 200)), feed)
    async with asyncio.timeout(5):
        problem(await polling, 401, "unauthenticated")


async def suspend_organization(context: Context, org_id: str, member_id: str, token_id: str) -> None:
    await suspension.suspend(context, org_id)


async def delete_organization(context: Context, org_id: str, member_id: str, token_id: str) -> None:
    await suspension.begin_deletion(context, org_id)


async def suspend_member(context: Context, org_id: str, member_id: str, token_id: str) -> None:
    await changes.change(context, org_id, member_id, status=MemberStatus.SUSPENDED)


async def lower_member(context: Context, org_id: str, member_id: str, token_id: str) -> None:
    await changes.change(context, org_id, member_id, role=Role.MEMBER)


async def remove_member(context: Context, org_id: str, member_id: str, token_id: str) -> None:
    await changes.remove(context, org_id, member_id)


async def rotate(context: Context, org_id: str, member_id: str, token_id: str) -> None:
    await token_changes.rotate(context, org_id, token_id, grace_ms=0)


@pytest.mark.parametrize(
    ("end", "status", "code"),
    [
        (suspend_organization, 403, "organization_suspended"),
        (delete_organization, 403, "organization_deleting"),
        (suspend_member, 401, "unauthenticated"),
        (remove_member, 401, "unauthenticated"),
        (rotate, 401, "unauthenticated"),
        (lower_member, 403, "rights_changed"),
    ],
)
async def test_what_is_under_way_is_told_what_the_next_request_is_told(
    anybody: Client,
    context: Context,
    feed: EventFeed,
    organization: Organization,
    end: Callable[[Context, str, str, str], Awaitable[None]],
    status: int,
    code: str,
) -> None:
    client, member_id, token_id = await a_members_client(anybody, context, organization.id)
    polling = await begin_long_poll(client, feed)
    await end(context, organization.id, member_id, token_id)
    async with asyncio.timeout(5):
        problem(await polling, status, code)
    following = await client.get("/api/events")
    assert following.status == (200 if code == "rights_changed" else status)


async def test_a_write_that_the_lowered_role_may_not_make_is_told_so(
    anybody: Client, context: Context, organization: Organization, observer: FakeObserver
) -> None:
    client, member_id, _ = await a_members_client(anybody, context, organization.id)
    observer.gate.clear()
    asking = asyncio.create_task(client.post("/api/diagnose", {"domainName": "www.new.com"}), name="test.diagnosis")

    async def is_asked() -> bool:
        return bool(observer.asked)

    await until(is_asked, 10)
    await lower_member(context, organization.id, member_id, "")
    async with asyncio.timeout(5):
        problem(await asking, 403, "forbidden")


async def test_a_request_that_comes_as_the_role_is_lowered_is_made_with_the_lower_one(
    anybody: Client, context: Context, organization: Organization
) -> None:
    client, member_id, _ = await a_members_client(anybody, context, organization.id)
    assert isinstance(context.database, UnreliableDatabase)
    database = context.database

    async def lower_once() -> None:
        database.after_read = None
        await lower_member(context, organization.id, member_id, "")

    database.after_read = lower_once
    assert (await client.get("/api/whoami")).json["caller"]["role"] == "member"


async def a_members_client(anybody: Client, context: Context, org_id: str) -> tuple[Client, str, str]:
    """A member who is an admin, beside an owner: a client with a token of theirs, their id, and the token's."""
    invited = []
    for role in (Role.OWNER, Role.ADMIN):
        invitation = await invitations.invite(context, org_id, address=f"{role}@acme.com", role=role)
        invited.append(await invitations.accept(context, invitation.invite.reveal()))
    member = invited[-1]
    minted = await minting.create(context, org_id, name="theirs", role=Role.ADMIN, expires_at=None, member_id=member.id)
    return anybody.as_bearer(minted.plaintext.reveal()), member.id, minted.token.id


async def test_other_tokens_go_on_waiting_when_one_is_revoked(
    member: Client, admin: Client, owner: Client, feed: EventFeed
) -> None:
    polling = await begin_long_poll(admin, feed)
    assert (await owner.delete(f"/api/tokens/{await token_id_of(owner, 'a member')}")).status == 204
    await owner.post("/api/domains", {"domainName": "www.customer.com"})
    async with asyncio.timeout(5):
        assert [event["event"] for event in (await polling).json["events"]] == ["domain.added"]


async def test_the_bulk_stream_of_a_revoked_token_ends_at_once_and_gives_its_turn_back(
    addresses: tuple[int, Path], mint: Mint, owner: Client
) -> None:
    async with open_stream(addresses[0], await mint(Role.ADMIN)) as stream:
        stream.send("a.customer.com")
        assert (await stream.read_outcome())["outcome"] == "created"
        assert (await owner.delete(f"/api/tokens/{await token_id_of(owner, 'a admin')}")).status == 204
        stream.send("b.customer.com")
        assert b"outcome" not in await stream.read_end()
    body = {"domains": [{"domainName": "c.customer.com"}]}
    assert (await owner.post(BULK, body)).json["results"][0]["outcome"] == "created"
    names = [domain["domainName"] for domain in (await owner.get("/api/domains")).json["domains"]]
    assert sorted(names) == ["a.customer.com", "c.customer.com"]


async def test_a_token_that_is_revoked_while_it_is_read_is_refused(
    admin: Client, owner: Client, context: Context, organization: Organization
) -> None:
    """What was read says that the token lives, and is older than the revocation."""
    assert isinstance(context.database, UnreliableDatabase)
    database, token_id = context.database, await token_id_of(owner, "a admin")

    async def revoke_once() -> None:
        database.after_read = None
        await revocation.revoke(context, organization.id, token_id)

    database.after_read = revoke_once
    problem(await admin.get("/api/domains"), 401, "unauthenticated")


async def test_a_token_that_revokes_itself_is_answered(admin: Client, owner: Client) -> None:
    token_id = await token_id_of(owner, "a admin")
    assert (await admin.delete(f"/api/tokens/{token_id}")).status == 204
    problem(await admin.get("/api/domains"), 401, "unauthenticated")


async def test_nobody_revokes_a_token_above_their_rank(admin: Client, owner: Client) -> None:
    problem(await admin.delete(f"/api/tokens/{await token_id_of(owner, 'a owner')}"), 403, "forbidden")
    assert (await owner.get("/api/tokens")).status == 200


async def minted(client: Client, name: str, role: Role = Role.OWNER) -> tuple[str, Client]:
    answer = await client.post("/api/tokens", {"name": name, "role": role.value})
    token = answer.json["token"]
    return token["id"], client.as_bearer(token["token"])


async def test_the_descendants_of_a_token_end_with_it_when_that_is_asked_for(owner: Client) -> None:
    child_id, child = await minted(owner, "child")
    _, grandchild = await minted(child, "grandchild")
    _, sibling = await minted(owner, "sibling")
    assert (await owner.delete(f"/api/tokens/{child_id}?descendants=true")).status == 204
    assert [(await client.get("/api/domains")).status for client in (child, grandchild, sibling)] == [401, 401, 200]


async def test_a_token_that_is_revoked_alone_leaves_its_descendants_below_its_own_minter(owner: Client) -> None:
    first_id, first = await minted(owner, "first")
    second_id, second = await minted(first, "second")
    third_id, third = await minted(second, "third")
    assert (await owner.delete(f"/api/tokens/{second_id}")).status == 204
    tokens = {token["id"]: token for token in (await owner.get("/api/tokens")).json["tokens"]}
    assert tokens[third_id]["mintedBy"] == first_id
    assert (await owner.delete(f"/api/tokens/{first_id}?descendants=true")).status == 204
    assert (await third.get("/api/domains")).status == 401
