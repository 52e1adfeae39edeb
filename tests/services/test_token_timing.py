"""How long a wrong token takes to be refused tells nothing of how near it is to a right one."""

import math
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from dcvd.core.tokens.token import Role
from dcvd.errors import Unauthenticated
from dcvd.services.context import Context
from dcvd.services.tokens import authentication, minting
from dcvd.store.organizations.organizations import Organization

TRIES: Final = 10_000
_CRITICAL: Final = 1.95
"""Of the two-sample Kolmogorov-Smirnov test: samples of one distribution differ by more in one of 1,000 cases."""

Attempt = Callable[[str], Awaitable[None]]


def distance(first: list[float], second: list[float]) -> float:
    """The Kolmogorov-Smirnov statistic of two samples of one size, in units of its own spread."""
    count = len(first)
    merged = sorted([(value, 1) for value in first] + [(value, -1) for value in second])
    behind = largest = 0
    for _, step in merged:
        behind += step
        largest = max(largest, abs(behind))
    return largest / count * math.sqrt(count / 2)


async def measure(attempt: Attempt, kinds: tuple[Callable[[], str], Callable[[], str]]) -> float:
    """How far apart the times of two kinds of tokens are, which are tried in a random order."""
    source, times = random.Random(1), ([], [])  # type: tuple[random.Random, tuple[list[float], list[float]]]
    order = [0] * TRIES + [1] * TRIES
    source.shuffle(order)
    for kind in order:
        token = kinds[kind]()
        started_s = time.perf_counter()
        await attempt(token)
        times[kind].append(time.perf_counter() - started_s)
    return distance(*times)


@pytest.mark.sweep
async def test_a_wrong_token_and_one_with_a_right_beginning_take_equally_long(
    context: Context, organization: Organization
) -> None:
    minted = await minting.create(context, organization.id, name="ci", role=Role.OWNER, expires_at=None)
    right, source = minted.plaintext.reveal(), random.Random(2)
    nearly_right_tokens = [right[:-1] + digit for digit in "0123456789abcdef" if digit != right[-1]]
    # As many as of the others: a token that comes again and again is refused faster than one that is new.
    wrong_tokens = [f"dcv_live_{source.getrandbits(128):032x}" for _ in nearly_right_tokens]

    def wrong() -> str:
        return source.choice(wrong_tokens)

    def nearly_right() -> str:
        return source.choice(nearly_right_tokens)

    async def refuse(token: str) -> None:
        with pytest.raises(Unauthenticated):
            await authentication.KeptCallers(context).authenticate(token)

    async def refuse_as_if_compared(token: str) -> None:
        """A comparison that stops at the first difference, slowed to what a network would let through."""
        await refuse(token)
        if token.startswith(right[:-1]):
            until = time.perf_counter() + 0.000_05
            while time.perf_counter() < until:
                pass

    assert await measure(refuse_as_if_compared, (wrong, nearly_right)) > _CRITICAL, "this test would notice"
    # One of 1,000 fair measurements is beyond the bound, and a machine may do anything once.
    distances = [await measure(refuse, (wrong, nearly_right))]
    while distances[-1] > _CRITICAL and len(distances) < 3:
        distances.append(await measure(refuse, (wrong, nearly_right)))
    assert distances[-1] <= _CRITICAL, distances
