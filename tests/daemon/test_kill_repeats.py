"""kill -9 while requests with an Idempotency-Key are under way: a repeat finds what was done, or does it, once."""

import asyncio
import random
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.process import Api, daemon_with, tenant
from tests.daemon.rows import check_rules, rows

LIVES = 8
REQUESTS = 24
_PATHS = ("/api/domains", "/api/tokens", "/api/webhooks")


def _build_body(number: int) -> dict[str, Any]:
    """One body of each kind of object, in turn; the answers to the last two hold a secret."""
    return (
        {"domainName": f"n{number:03d}.customer.test"},
        {"name": f"token {number}"},
        {"url": f"http://127.0.0.1:9/{number}", "events": ["domain.added"]},
    )[number % len(_PATHS)]


async def _ask(api: Api, number: int) -> tuple[int, Any] | None:
    """The answer, or None where the daemon was killed before it gave one."""
    try:
        return await api.call(
            "POST", _PATHS[number % len(_PATHS)], _build_body(number), headers={"Idempotency-Key": f"key-{number}"}
        )
    except (aiohttp.ClientError, ConnectionError):
        return None


async def _wait_until_some_are_answered(tries: list[asyncio.Task[tuple[int, Any] | None]], number: int) -> None:
    waiting = set(tries)
    while len(tries) - len(waiting) < number:
        _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)


@pytest.mark.sweep
@pytest.mark.timeout(120)
async def test_a_key_makes_one_object_however_often_the_daemon_is_killed_in_between(
    tmp_path: Path, world: Sandbox
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    database = tmp_path / "dcvd.db"
    answers: dict[int, tuple[int, Any]] = {}
    unanswered = 0
    async with daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        ((tokens_before,),) = rows(database, "SELECT count(*) FROM api_tokens")
        for life in range(LIVES):
            numbers = range(life * REQUESTS, (life + 1) * REQUESTS)
            tries = [asyncio.create_task(_ask(api, number)) for number in numbers]
            await _wait_until_some_are_answered(tries, dice.randrange(REQUESTS // 2))
            await daemon.kill()
            first = dict(zip(numbers, await asyncio.gather(*tries), strict=True))
            await daemon.start()
            for number, answer in first.items():
                repeated = await _ask(api, number)
                assert repeated is not None
                assert repeated[0] == 201, repeated
                assert answer is None or answer == repeated
                answers[number] = repeated
                unanswered += answer is None
        assert unanswered, "no request was under way at a kill"
        assert await daemon.terminate() == 0

    each = LIVES * REQUESTS // len(_PATHS)
    check_rules(database)
    assert rows(database, "SELECT count(*) FROM domains") == [(each,)]
    assert rows(database, "SELECT count(*) FROM api_tokens") == [(int(str(tokens_before)) + each,)]
    assert rows(database, "SELECT count(*) FROM webhook_endpoints") == [(each,)]
    assert len(answers) == LIVES * REQUESTS
