"""A page of the dashboard's list of domains, for an organization with many: what it costs the daemon."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

import uvloop

from dcvd.api.app import Api
from dcvd.core.tokens.token import Role
from dcvd.http.access.session_cookie import build_session_cookie
from dcvd.services.tokens import minting
from dcvd.web.entrance import PAGE_ENTRANCE
from dcvd.web.sign_in.redirection import DASHBOARD_PATH
from tests.bench.scrape import fill, open_parts, serve
from tests.signed_in import begin_session

DOMAINS: Final = 100_000
LIMIT_MS: Final = 30.0
_PAGES: Final = 40
_ROUNDS: Final = 5
_PLACES: Final = {
    "newest": "/domains",
    "search": "/domains?search=4711",
    "overview": "",
}
_CLIENT: Final = """
import http.client, sys
port, path, cookie, times = sys.argv[1:]
connection = http.client.HTTPConnection("127.0.0.1", int(port))
for _ in range(int(times)):
    connection.request("GET", path, headers={"Cookie": cookie})
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, (response.status, body[:400])
"""


def run() -> dict[str, float | int | str]:
    """CPU of the daemon's process for a page of 50 domains of 100,000, and for others, in milliseconds."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "dcvd.db"
        fill(path, DOMAINS, organizations=1)
        return uvloop.run(_measure(path))


async def _measure(path: Path) -> dict[str, float | int | str]:
    figures: dict[str, float | int | str] = {"domains": DOMAINS, "limit, ms": LIMIT_MS}
    async with open_parts(path) as parts:
        context = parts.services.context
        minted = await minting.create(context, "org_0", name="bench", role=Role.OWNER, expires_at=None)
        begun = await begin_session(context, minted)
        cookie = build_session_cookie(context.config, begun.secret.reveal(), begun.lifetime_ms).split(";")[0]
        async with serve(Api(parts.services, PAGE_ENTRANCE)) as port:
            for name, place in _PLACES.items():
                url = f"{DASHBOARD_PATH}{place}"
                await _ask(port, url, cookie)
                figures[f"{name}, CPU ms"] = median([await _ask(port, url, cookie) for _ in range(_ROUNDS)])
    return figures


async def _ask(port: int, path: str, cookie: str) -> float:
    """Have another process ask for a page many times; return this one's CPU for each, in milliseconds."""
    arguments = (sys.executable, "-c", _CLIENT, str(port), path, cookie, str(_PAGES))
    began = time.process_time()
    client = await asyncio.create_subprocess_exec(*arguments)
    assert await client.wait() == 0, f"no page at {path}"
    return (time.process_time() - began) * 1000 / _PAGES
