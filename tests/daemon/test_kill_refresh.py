"""kill -9 while a token is being refreshed: the provider has issued a new pair that nobody here has stored."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from dcvd.config import Config
from dcvd.core.connections import Connection, Provider
from dcvd.core.credentials import OauthTokens
from dcvd.core.instants import MINUTE
from dcvd.core.secret import Secret
from dcvd.kit.vault import Vault
from dcvd.kit.vault_key import VaultKey
from dcvd.services import connections, organizations
from dcvd.services.context import Context
from dcvd.store.database import Database
from tests.daemon.process import DaemonProcess, write_config
from tests.daemon.rows import rows
from tests.leaks import found_in
from tests.marked import marked
from tests.waiting import until

_KEY = VaultKey(bytes(range(32)))
_ENVIRON = {"OAUTH_ENCRYPTION_KEY": _KEY.written().reveal()}
_NOWHERE = {"api": "http://127.0.0.1:9/client/v4", "dns": "127.0.0.1:9"}


class RotatingServer:
    """A token endpoint that rotates; used tokens whose name begins with `grace` are taken again, others are not."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.answers = asyncio.Event()
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
        return web.json_response(
            {
                "access_token": marked(f"access-{number}"),
                "refresh_token": f"{given}{number}",
                "token_type": "bearer",
                "expires_in": 3600,
            }
        )


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
        context = Context(database, config, vault=Vault(_KEY))
        org = await organizations.create(context, "Acme")
        soon = context.now() + 5 * MINUTE
        return [
            await connections.create(
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


async def test_a_pair_that_was_issued_and_never_stored_is_had_by_grace_or_needs_the_owner(
    config: Config, tmp_path: Path, server: RotatingServer
) -> None:
    graceful, strict = await _due(config, tmp_path, marked("grace"), marked("strict"))
    (tmp_path / "client").write_text(marked("client"))
    (tmp_path / "client").chmod(0o600)
    extra = f'[oauth.cloudflare]\nclient_id = "dcvd"\nclient_secret_file = "client"\ntoken_url = "{server.url}"\n'
    daemon = DaemonProcess(write_config(tmp_path, **_NOWHERE, extra=extra))
    path = tmp_path / "dcvd.db"
    await daemon.start(environ=_ENVIRON)

    async def both_asked() -> bool:
        return len(server.asked) == 2

    await until(both_asked)
    await daemon.kill()
    assert rows(path, "SELECT version, status FROM oauth_connections") == [(1, "active")] * 2
    server.answers.set()
    await daemon.start(environ=_ENVIRON)

    async def settled() -> bool:
        return rows(path, "SELECT count(*) FROM jobs WHERE state = 'pending'") == [(0,)]

    await until(settled, seconds=20)
    assert await daemon.terminate() == 0

    found = {row[0]: row[1:] for row in rows(path, "SELECT id, status, version FROM oauth_connections")}
    assert found == {graceful.id: ("active", 2), strict.id: ("reauth_required", 1)}
    told = rows(path, "SELECT json_extract(body, '$.data.connection_id') FROM events")
    assert told == [(strict.id,)]
    assert len(server.asked) == 4
    assert found_in(tmp_path) == []
