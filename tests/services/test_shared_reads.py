"""Whose a read of the database is, so that no organization's reads stand in front of another's."""

import asyncio
import threading

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.links import Link, LinkPurpose
from dcvd.core.tokens.token import Role
from dcvd.services.context import Context
from dcvd.services.tokens.authentication import act_as
from dcvd.store.engine.transactions import Snapshot

_LINK = Link(id="link_1", org_id="org_greedy", purpose=LinkPurpose.NEW, domain_id=None, created_at=1, expires_at=2)


def token_of(org_id: str, token_id: str) -> Caller:
    return Caller(kind=CallerKind.TOKEN, role=Role.OWNER, id=token_id, org_id=org_id)


def look(_: Snapshot) -> str:
    return "read"


async def test_all_tokens_of_an_organization_read_in_turn_and_its_customers_others_and_operators_beside_them(
    context: Context,
) -> None:
    may_end = threading.Event()
    begun = threading.Semaphore(0)

    def hold(_: Snapshot) -> None:
        begun.release()
        may_end.wait(10)

    greedy = [act_as(context, token_of("org_greedy", f"token_{number}")) for number in range(3)]
    held = [asyncio.create_task(reader.database.read(hold)) for reader in greedy[:2]]
    for _ in held:
        await asyncio.to_thread(begun.acquire, timeout=10)
    third = asyncio.create_task(greedy[2].database.read(look))
    others = (
        token_of("org_other", "token_9"),
        Caller(kind=CallerKind.LINK, role=Role.MEMBER, id=_LINK.id, org_id="org_greedy", link=_LINK),
        Caller(kind=CallerKind.OPERATOR, role=Role.OWNER, id="0"),
    )
    async with asyncio.timeout(5):
        for caller in others:
            assert await act_as(context, caller).database.read(look) == "read"
    assert not third.done()
    may_end.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*held, third)
