"""kill -9 in the middle of bulk work: a repeat with the same key finds what was done and does the rest."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.process import daemon_with
from tests.daemon.rows import check_rules, rows

LINES = 2_000


@pytest.mark.sweep
async def test_a_stream_that_was_killed_has_the_same_ids_when_it_is_sent_again(tmp_path: Path, world: Sandbox) -> None:
    lines = [json.dumps({"domainName": f"n{number:05d}.customer.test"}).encode() + b"\n" for number in range(LINES)]
    answered: list[dict[str, object]] = []
    some = asyncio.Event()

    async def halting() -> AsyncIterator[bytes]:
        for number, line in enumerate(lines):
            yield line
            if number == LINES // 2:
                await some.wait()

    async with daemon_with(tmp_path, world) as daemon:
        await daemon.command("org", "create", "Acme")
        token = await daemon.command("token", "create", "--org", "Acme", "--name", "test", "--quiet")
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/x-ndjson",
            "Idempotency-Key": "import-1",
        }
        url = f"{daemon.url}/api/domains/bulk"
        async with aiohttp.ClientSession(headers=headers) as session:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                async with session.post(url, data=halting()) as response:
                    async for line in response.content:
                        answered.append(json.loads(line))
                        if len(answered) == 200:
                            some.set()
                            await daemon.kill()
            assert len(answered) >= 200
            await daemon.start()
            async with session.post(url, data=b"".join(lines)) as response:
                again = [json.loads(line) for line in (await response.text()).splitlines()]
        assert await daemon.terminate() == 0

    assert [line["line"] for line in again] == list(range(1, LINES + 1))
    assert {line["outcome"] for line in again} == {"created"}
    ids = [line["domain"]["id"] for line in again]
    assert [line["domain"]["id"] for line in answered] == ids[: len(answered)]  # type: ignore[index]
    database = tmp_path / "dcvd.db"
    check_rules(database)
    assert {identifier for (identifier,) in rows(database, "SELECT id FROM domains")} == set(ids)
    added = rows(database, "SELECT count(*), count(DISTINCT domain_id) FROM events WHERE type = 'domain.added'")
    assert added == [(LINES, LINES)]
    registering = rows(database, "SELECT count(*), count(DISTINCT domain_id) FROM jobs WHERE kind = 'register'")
    assert registering == [(LINES, LINES)]
