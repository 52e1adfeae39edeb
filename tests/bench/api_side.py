"""One side of the API bench, in a process of its own: `python -m tests.bench.api_side SIDE DATABASE`.

Sides: `ours`, with rate limits, scopes, audit and usage, on dcvd's own server; `plain`, the plainest handlers of
Litestar and aiosqlite that serve the same bytes, and a route of Litestar that serves constant bytes, on uvicorn.
Prints its port, and at the end of its input the CPU seconds that it has used since the last line of that.
"""

import asyncio
import hashlib
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiosqlite
import msgspec
import uvicorn
import uvloop
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.params import FromPath

from dcvd.api.app import Api
from dcvd.config import Config
from dcvd.config.limits_section import LimitsConfig
from dcvd.daemon.run import SWITCH_INTERVAL_S
from dcvd.kit.garbage import settle_garbage_collection
from dcvd.kit.http.server.sockets import bind_tcp
from dcvd.kit.logs.configuration import configure_logging
from dcvd.web.entrance import PAGE_ENTRANCE
from tests.bench.scrape import open_parts, serve

PLAIN_FILE: Final = "plain.db"
_MANY: Final = 900_000_000
_CONFIG: Final = Config(
    limits=LimitsConfig(
        reads_per_minute=_MANY, writes_per_minute=_MANY, token_reads_per_minute=_MANY, token_writes_per_minute=_MANY
    )
)
"""Every request is counted against limits that none reaches."""
_CONSTANT: Final = b'{"domain":"' + b"x" * 900 + b'"}'


@get("/constant", media_type=MediaType.JSON)
async def show_constant() -> Response[bytes]:
    """Serve the bytes of one domain, and ask nobody."""
    return Response(_CONSTANT, media_type=MediaType.JSON)


class PlainHandlers:
    """A list, one domain and a new one: a query for the token, and a statement for the rows, which hold their JSON."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self.connection = connection

    def build(self) -> Litestar:
        connection = self.connection

        async def find_organization(request: Request[Any, Any, Any]) -> str:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            digest = hashlib.sha256(token.encode()).hexdigest()
            rows = await connection.execute_fetchall("SELECT org_id FROM tokens WHERE hash = ?", (digest,))
            return str(next(iter(rows))[0])

        @get("/api/domains", media_type=MediaType.JSON)
        async def list_domains(request: Request[Any, Any, Any], limit: int, before: str) -> Response[bytes]:
            org_id = await find_organization(request)
            rows = await connection.execute_fetchall(
                "SELECT json FROM domains WHERE org_id = ? AND id < ? ORDER BY id DESC LIMIT ?", (org_id, before, limit)
            )
            body = b'{"domains":[' + b",".join(row[0] for row in rows) + b'],"nextCursor":"x"}'
            return Response(body, media_type=MediaType.JSON)

        @get("/api/domains/{domain_id:str}", media_type=MediaType.JSON)
        async def show_domain(request: Request[Any, Any, Any], domain_id: FromPath[str]) -> Response[bytes]:
            org_id = await find_organization(request)
            rows = await connection.execute_fetchall(
                "SELECT json FROM domains WHERE org_id = ? AND id = ?", (org_id, domain_id)
            )
            return Response(b'{"domain":' + next(iter(rows))[0] + b"}", media_type=MediaType.JSON)

        @post("/api/domains", media_type=MediaType.JSON)
        async def add_domain(request: Request[Any, Any, Any]) -> Response[bytes]:
            org_id, body = await find_organization(request), await request.body()
            await connection.execute("INSERT INTO domains VALUES (?, ?, ?)", (org_id, secrets.token_hex(13), body))
            await connection.commit()
            return Response(body, media_type=MediaType.JSON)

        return Litestar(
            [list_domains, show_domain, add_domain, show_constant], openapi_config=None, logging_config=None
        )


@asynccontextmanager
async def _serve_ours(path: Path) -> AsyncIterator[int]:
    sys.setswitchinterval(SWITCH_INTERVAL_S)  # as a daemon does
    async with open_parts(path, _CONFIG) as parts, serve(Api(parts.services, PAGE_ENTRANCE)) as port:
        yield port


@asynccontextmanager
async def _serve_plain(path: Path) -> AsyncIterator[int]:
    async with aiosqlite.connect(path.with_name(PLAIN_FILE)) as connection:
        config = uvicorn.Config(PlainHandlers(connection).build(), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        with bind_tcp("127.0.0.1:0") as listener:
            serving = asyncio.create_task(server.serve([listener]), name="bench.plain")
            while not server.started:
                await asyncio.sleep(0.01)
            yield listener.getsockname()[1]
            server.should_exit = True
            await serving


_SIDES: Final = {"ours": _serve_ours, "plain": _serve_plain}


async def _serve(side: str, path: Path) -> None:
    async with _SIDES[side](path) as port:
        settle_garbage_collection()  # as a daemon does, once it has begun
        print(port, flush=True)
        before = time.process_time()
        while await asyncio.to_thread(sys.stdin.readline):
            now = time.process_time()
            print(msgspec.json.encode(now - before).decode(), flush=True)
            before = now


if __name__ == "__main__":
    configure_logging(level="error")
    uvloop.run(_serve(sys.argv[1], Path(sys.argv[2])))
