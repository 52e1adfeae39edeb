"""A daemon that hangs is told from one that is busy."""

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from dcvd.cli.operations import Operations
from dcvd.cli.operations.api_client import UNREACHABLE, find_patience
from dcvd.cli.operations.silence import USUAL_PATIENCE, Patience, await_unless_silent
from dcvd.errors import DcvdError
from tests.cli.operations.test_remote import Handler, daemon
from tests.cli.processes import House, dcvd

SHORT = Patience(0.05, 0.1)
LONG = Patience(0.05, 60)


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Path]:
    """A socket that takes connections, and where nobody ever reads, as at a daemon that was stopped."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "dcvd.sock"))
        listener.listen(100)
        yield tmp_path / "dcvd.sock"


def session(path: Path, timeout_s: float = 60) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        "http://localhost",
        connector=aiohttp.UnixConnector(path=str(path)),
        timeout=aiohttp.ClientTimeout(total=timeout_s),
    )


async def test_what_only_reads_gives_up_soon_at_a_daemon_that_says_nothing(silent: Path) -> None:
    async with session(silent) as opened:
        with pytest.raises(DcvdError, match=r"hangs, or .*GET /operator/status and said nothing for 0\.15 s") as caught:
            await Operations(opened, "The daemon", SHORT).show_status()
    assert caught.value.code == UNREACHABLE
    assert "systemctl restart dcvd. With $DCVD_TIMEOUT set" in caught.value.message


async def test_what_writes_and_what_takes_long_by_nature_wait_as_they_did(silent: Path) -> None:
    async with session(silent, timeout_s=0.5) as opened:
        operations = Operations(opened, "The daemon", SHORT)
        with pytest.raises(DcvdError, match=r"within 0\.5 s: look whether it was done"):
            await operations.create_organization("Acme")
        with pytest.raises(DcvdError, match=r"did not answer GET /x within 0\.4 s"):
            await operations.exchange("GET", "/x", timeout_s=0.4)
        with pytest.raises(DcvdError, match=r"within 0\.5 s: see its log"):
            await Operations(opened, "The daemon", None).show_status()


async def test_a_daemon_that_lives_may_take_longer_than_the_patience_with_a_silent_one(tmp_path: Path) -> None:
    asked_for_life = asyncio.Event()

    async def busy(request: web.Request) -> web.Response:
        if request.path == "/health":
            asked_for_life.set()
            return web.Response()
        await asked_for_life.wait()
        return web.json_response({"organizations": []})

    assert await _list(tmp_path / "d.sock", busy, LONG) == []
    assert asked_for_life.is_set()


async def test_an_answer_that_comes_while_the_daemon_is_asked_for_life_counts(tmp_path: Path) -> None:
    asked_for_life, never = asyncio.Event(), asyncio.Event()

    async def busy(request: web.Request) -> web.Response:
        if request.path == "/health":
            asked_for_life.set()
            await never.wait()
        await asked_for_life.wait()
        return web.json_response({"organizations": []})

    assert await _list(tmp_path / "d.sock", busy, LONG) == []


async def test_what_came_while_the_command_itself_could_not_run_counts() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        reader, writer = await asyncio.open_unix_connection(sock=ours)

        async def read() -> bytes:
            answer = await reader.readexactly(6)
            for _ in range(3):
                await asyncio.sleep(0)  # an HTTP client takes several turns of the loop to hand an answer on
            return answer

        async def stand_still() -> None:
            theirs.send(b"answer")
            time.sleep(0.2)  # noqa: ASYNC251  # as all stands still in a machine that sleeps
            await asyncio.Event().wait()

        assert await await_unless_silent(read(), stand_still, Patience(0.01, 0.1)) == b"answer"
        writer.close()


async def test_a_daemon_that_dies_meanwhile_is_not_one_that_hangs(tmp_path: Path) -> None:
    asked_for_life = asyncio.Event()

    async def die(request: web.Request) -> web.Response:
        asked_for_life.set() if request.path == "/health" else await asked_for_life.wait()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with daemon(tmp_path / "d.sock", die), session(tmp_path / "d.sock") as opened:
        with pytest.raises(DcvdError, match="did not answer GET /operator/organizations to the end"):
            await Operations(opened, "The daemon", LONG).list_organizations()


async def _list(path: Path, handler: Handler, patience: Patience) -> list[object]:
    async with daemon(path, handler), session(path) as opened:
        return list(await Operations(opened, "The daemon", patience).list_organizations())


def test_it_takes_5_s_where_the_environment_does_not_say_otherwise() -> None:
    assert find_patience({}) == find_patience({"DCVD_TIMEOUT": ""}) == USUAL_PATIENCE
    assert USUAL_PATIENCE.total_s == 5
    assert find_patience({"DCVD_TIMEOUT": "30s"}) is None


@pytest.mark.sweep
def test_a_command_that_looks_does_not_keep_people_waiting_at_a_daemon_that_hangs(tmp_path: Path) -> None:
    house = House(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(house.socket))
        listener.listen(100)
        for command in (("status",), ("org", "list"), ("audit", "list"), ("token", "list", "--org", "Acme")):
            began_s = time.monotonic()
            done = dcvd(*command, "--config", str(house.config), environ={})
            assert (done.returncode, "hangs, or is only just starting" in done.stderr) == (1, True), done.stderr
            assert time.monotonic() - began_s < 25, "30 s would be the usual timeout"
