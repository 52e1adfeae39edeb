"""kill -9 while a token is being refreshed: the provider has issued a new pair that nobody here has stored."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from dcvd.config import Config, Live
from dcvd.core.connections.connection import Connection, Provider
from dcvd.core.connections.credentials import OauthTokens
from dcvd.core.instants import MINUTE
from dcvd.core.secret import Secret
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.services import organizations
from dcvd.services.connections import creation
from dcvd.services.context import Context
from dcvd.store.engine.database import Database
from tests.daemon.process import DaemonProcess, write_config
from tests.daemon.rows import rows
from tests.leaks import found_in
from tests.marked import marked
from tests.waiting import until

pytestmark = pytest.mark.sweep

_KEY = VaultKey(bytes(range(32)))
_ENVIRON = {"OAUTH_ENCRYPTION_KEY": _KEY.to_text().reveal()}
_NOWHERE = {"api": "http://127.0.0.1:9/client/v4", "dns": "127.0.0.1:9"}


class RotatingServer:
    """A token endpoint that rotates; used tokens whose name begins with `grace` are taken again, others are not."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.answers = asyncio.Event()
        self.answered = asyncio.Event()
        self._used: set[str] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        given = str((await request.post())["refresh_token"])
        used = given in self._used
        self._used.add(given)
        self.asked.append(given)
        await self.answers.wait()
        if used and not given.startswith(marked("grace")):
            return web.json_response({"error": "invalid_grant"}, status=400)
        number = len(self.asked)
        response = web.json_response(
            {
                "access_token": marked(f"access-{number}"),
                "refresh_token": f"{given}{number}",
                "token_type": "bearer",
                "expires_in": 3600,
            }
        )
        await response.prepare(request)
        await response.write_eof()
        self.answered.set()
        return response


@pytest.fixture
async def server() -> AsyncIterator[RotatingServer]:
    found = RotatingServer()
    application = web.Application()
    application.router.add_post("/token", found.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/token"
    yield found
    found.answers.set()
    await runner.cleanup()


async def _due(config: Config, directory: Path, *refresh_tokens: str) -> list[Connection]:
    """A database with connections whose refresh is due, as an earlier daemon left it."""
    database = await Database.open(directory / "dcvd.db", readers=1)
    try:
        context = Context(database, Live(config), vault=Vault(_KEY))
        org = await organizations.create(context, "Acme")
        soon = context.now() + 5 * MINUTE
        return [
            await creation.create(
                context,
                org.id,
                Provider.CLOUDFLARE,
                OauthTokens(access_token=Secret(marked("access-0")), refresh_token=Secret(token)),
                account=None,
                scopes=(),
                expires_at=soon,
                refresh_at=context.now(),
                actor="token:token_x",
            )
            for token in refresh_tokens
        ]
    finally:
        await database.close()


def _daemon(directory: Path, server: RotatingServer) -> DaemonProcess:
    (directory / "client").write_text(marked("client"))
    (directory / "client").chmod(0o600)
    extra = f'[oauth.cloudflare]\nclient_id = "dcvd"\nclient_secret_file = "client"\ntoken_url = "{server.url}"\n'
    return DaemonProcess(write_config(directory, **_NOWHERE, extra=extra))


async def _finish(daemon: DaemonProcess) -> dict[object, tuple[object, ...]]:
    """Start it again and let it do its jobs; the status and version of each connection then."""
    await daemon.start(environ=_ENVIRON)
    path = daemon.directory / "dcvd.db"

    async def settled() -> bool:
        return rows(path, "SELECT count(*) FROM jobs WHERE state = 'pending'") == [(0,)]

    await until(settled)
    assert await daemon.terminate() == 0
    assert found_in(daemon.directory) == []
    return {row[0]: row[1:] for row in rows(path, "SELECT id, status, version FROM oauth_connections")}


async def test_a_pair_that_was_issued_and_never_stored_is_had_by_grace_or_needs_the_owner(
    config: Config, tmp_path: Path, server: RotatingServer
) -> None:
    graceful, strict = await _due(config, tmp_path, marked("grace"), marked("strict"))
    daemon = _daemon(tmp_path, server)
    path = tmp_path / "dcvd.db"
    await daemon.start(environ=_ENVIRON)

    async def both_asked() -> bool:
        return len(server.asked) == 2

    await until(both_asked)
    await daemon.kill()
    assert rows(path, "SELECT version, status FROM oauth_connections") == [(1, "active")] * 2
    server.answers.set()
    assert await _finish(daemon) == {graceful.id: ("active", 2), strict.id: ("reauth_required", 1)}
    told = rows(path, "SELECT json_extract(body, '$.data.connection_id') FROM events")
    assert told == [(strict.id,)]
    assert len(server.asked) == 4


async def test_killed_when_the_answer_has_just_come_a_connection_works_or_says_that_it_does_not(
    config: Config, tmp_path: Path, server: RotatingServer
) -> None:
    graceful, strict = await _due(config, tmp_path, marked("grace"), marked("strict"))
    daemon = _daemon(tmp_path, server)
    server.answers.set()
    await daemon.spawn(environ=_ENVIRON)
    async with asyncio.timeout(60):
        await server.answered.wait()
    # Anywhere in the commit, which takes a few milliseconds.
    pause = random.uniform(0, 0.01)
    print(f"killed {pause * 1000:.1f} ms after the answer")
    await asyncio.sleep(pause)
    await daemon.kill()
    before = {row[0] for row in rows(tmp_path / "dcvd.db", "SELECT id FROM oauth_connections WHERE version = 2")}
    found = await _finish(daemon)
    assert found[graceful.id] == ("active", 2)
    asked_twice = server.asked.count(marked("strict")) == 2
    assert found[strict.id] == (("reauth_required", 1) if asked_twice else ("active", 2))
    assert strict.id not in before or not asked_twice
