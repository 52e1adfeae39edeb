"""A request that is under way waits for the end of its caller, and for nothing once it is answered."""

import asyncio

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.tokens.token import Role
from dcvd.http.limits.open_requests import OpenRequest


async def test_a_caller_who_is_admitted_again_is_waited_for_no_longer_than_the_request() -> None:
    caller = Caller(kind=CallerKind.TOKEN, role=Role.MEMBER, id="tok_1", expires_at=1)
    request = OpenRequest("r1")
    for _ in range(2):
        assert request.admit(caller, now=1)
    request.close()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not request.has_expired
