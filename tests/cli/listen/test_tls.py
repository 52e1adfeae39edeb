"""A daemon and a receiver behind https."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from dcvd.cli.listen.settings import Start
from tests.cli.listen.feed_server import FeedServer, listening, run_to_failure, serving_feed
from tests.kit.egress.test_tls import make_certificate


@pytest.fixture
async def feed() -> AsyncIterator[FeedServer]:
    async with serving_feed() as server:
        server.add(1)
        yield server


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None) -> AsyncIterator[str]:
    """A server that takes everything; its address without a scheme."""

    async def receive(_request: web.Request) -> web.Response:
        return web.Response(status=204)

    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", receive)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def self_signed(tmp_path: Path) -> AsyncIterator[str]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(make_certificate(tmp_path / "receiver.pem"))
    async with serving(tls) as address:
        yield f"https://{address}"


async def test_a_certificate_that_nobody_trusts_is_told_and_taken_only_where_that_is_asked_for(
    feed: FeedServer, self_signed: str
) -> None:
    async with listening(feed, f"{self_signed}/hook", start=Start(last=1)) as (console, _):
        await console.shows(1)
    assert "Its certificate is not valid" in str(console.errors[0])
    assert "--skip-verify" in str(console.errors[0])
    async with listening(feed, f"{self_signed}/hook", start=Start(last=1), skip_verify=True) as (console, _):
        await console.shows(1)
    assert console.errors == [None]


async def test_a_daemon_with_such_a_certificate_is_told_at_once(feed: FeedServer, self_signed: str) -> None:
    feed.url = self_signed
    error = await run_to_failure(feed)
    assert "has a certificate that is not valid" in str(error)


async def test_https_where_there_is_only_http_is_told(feed: FeedServer) -> None:
    async with (
        serving(None) as address,
        listening(feed, f"https://{address}/hook", start=Start(last=1)) as (console, _),
    ):
        await console.shows(1)
    assert "wrong version number" in str(console.errors[0])
