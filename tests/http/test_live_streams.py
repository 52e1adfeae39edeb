"""Nobody takes the places of all open pages that are told of changes."""

from contextlib import ExitStack

import pytest

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.tokens.token import Role
from dcvd.errors import TooManyRequests
from dcvd.http.limits.live_streams import MAX_STREAMS, MAX_STREAMS_PER_BEARER, MAX_STREAMS_PER_CLAIMANT, LiveStreams


def of_session(number: int, org_id: str = "org_1") -> Caller:
    return Caller(kind=CallerKind.TOKEN, role=Role.MEMBER, id="token_1", org_id=org_id, session_id=f"ses_{number}")


def take(stack: ExitStack, streams: LiveStreams, org_id: str, count: int) -> None:
    for number in range(count):
        stack.enter_context(streams.hold(of_session(number // MAX_STREAMS_PER_BEARER, org_id)))


def test_a_session_takes_few() -> None:
    streams = LiveStreams()
    with ExitStack() as stack:
        take(stack, streams, "org_1", MAX_STREAMS_PER_BEARER)
        with pytest.raises(TooManyRequests), streams.hold(of_session(0)):
            pass
        with streams.hold(of_session(1)):
            assert len(streams) == MAX_STREAMS_PER_BEARER + 1
    assert len(streams) == 0


def test_the_sessions_of_an_organization_leave_room_for_others() -> None:
    streams, operator = LiveStreams(), Caller(kind=CallerKind.OPERATOR, role=Role.OWNER, id="0", session_id="ses_op")
    with ExitStack() as stack:
        take(stack, streams, "org_1", MAX_STREAMS_PER_CLAIMANT)
        with pytest.raises(TooManyRequests), streams.hold(of_session(10_000)):
            pass
        with streams.hold(of_session(10_000, "org_2")), streams.hold(operator):
            pass
    with streams.hold(of_session(10_000)):
        pass
    assert MAX_STREAMS_PER_CLAIMANT * 2 <= MAX_STREAMS
