"""The rate limit, as a client meets it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from dcvd.errors import InvalidInput
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.sandbox.http.rate_limit import RateLimit
from tests.sandbox.conftest import Caller


class _Time:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def limited() -> AsyncIterator[Caller]:
    settings = SandboxSettings(api_port=0, dns_port=0, edge_port=0, rate_limit=3, rate_window_s=60.0)
    async with Sandbox(settings) as sandbox, aiohttp.ClientSession() as session:
        yield Caller(session, sandbox)


async def test_the_request_over_the_limit_is_refused_and_told_when_to_come_again(limited: Caller) -> None:
    answers = [await limited.hostnames() for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["Ratelimit"] for answer in answers] == [f'"default";r={left};t=60' for left in (2, 1, 0, 0)]
    assert answers[3].headers["Ratelimit-Policy"] == '"default";q=3;w=60'
    assert answers[3].headers["Retry-After"] == "60"
    assert answers[3].body["success"] is False
    assert "Retry-After" not in answers[2].headers


def test_the_window_slides_and_refusals_do_not_count() -> None:
    time = _Time()
    rate = RateLimit(2, 10.0, time)
    taken = []
    for at in (0, 6, 7, 9, 10, 11, 16):
        time.now = 50.0 + at
        taken.append(rate.admit())
    assert taken == [True, True, False, False, True, False, True]
    assert rate.refused_count == 3


async def test_without_a_limit_nothing_is_refused(caller: Caller) -> None:
    answers = [await caller.hostnames() for _ in range(20)]
    assert {answer.status for answer in answers} == {200}
    assert answers[0].headers["Ratelimit"] == '"default";r=1199;t=300'


@pytest.mark.parametrize("wrong", [{"rate_limit": -1}, {"rate_window_s": 0.0}, {"preloaded": -1}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        Sandbox(SandboxSettings(**wrong))  # type: ignore[arg-type]  # each names a real member
