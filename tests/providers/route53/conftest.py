"""AWS twice: a small one of our own that is strict, and moto; in front of both a server that fails on demand."""

import itertools
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web
from msgspec import Struct

from dcvd.config.provider_sections import Route53ProviderConfig
from dcvd.core.connections.credentials import AwsKeys, AwsRole
from dcvd.core.secret import Secret
from dcvd.kit.clock import SystemClock
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.route53.calls import AwsClient
from dcvd.providers.route53.records import NameServerLookup, Route53Records
from dcvd.providers.route53.sessions import AwsSessions
from tests.providers.route53.aws import KEY, SECRET, THEIR_KEY, THEIR_SECRET, THEIRS, FakeAws
from tests.providers.route53.front import Front
from tests.providers.route53.oracle import oracle_python

EXTERNAL_ID = "dcvd-0123456789012345678901234567890123456789"
ZONES = ("customer.example", "deep.customer.example", "other.example")
_NUMBERS = itertools.count(1)


class Place(Struct, kw_only=True):
    """An AWS, and everything to reach it; `keys` are the customer's own, `account` his. `name` is nobody else's."""

    front: Front
    config: Route53ProviderConfig
    role: AwsRole
    keys: AwsKeys
    account: str
    sessions: AwsSessions
    name: str

    def records(
        self, *, with_keys: bool = False, name_servers: NameServerLookup | None = None, sync: float = 10
    ) -> Route53Records:
        """A driver that does not wait long between its questions."""
        credentials = self.keys if with_keys else self.role
        return Route53Records(self.config, credentials, self.sessions, name_servers, sync_s=sync, first_poll_s=0.01)


class Moto(Struct, frozen=True):
    """What the process says of itself."""

    url: str
    account: str
    access_key_id: str
    secret_access_key: str
    role_arn: str
    external_id: str


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    """One process for all tests, which keep to names of their own."""
    script = Path(__file__).with_name("moto_process.py")
    with subprocess.Popen(
        [oracle_python("moto"), str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield msgspec.json.decode(process.stdout.readline(), type=Moto)
        process.kill()


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    opened = Fetcher()
    await opened.start()
    yield opened
    await opened.close()


@pytest.fixture
def aws() -> FakeAws:
    """Ours, with the zones of `ZONES` and a customer's role that opens with `EXTERNAL_ID` alone."""
    made = FakeAws()
    for name in ZONES:
        made.zone(name)
    made.roles[_ROLE] = lambda given: given == EXTERNAL_ID
    return made


@pytest.fixture
async def place(aws: FakeAws, fetcher: Fetcher) -> AsyncIterator[Place]:
    """Our own AWS."""
    async with serving(aws.handle) as url, fronted(url) as (front, front_url):
        yield Place(
            front=front,
            config=_config(front_url, KEY, SECRET),
            role=AwsRole(role_arn=_ROLE, external_id=EXTERNAL_ID),
            keys=AwsKeys(access_key_id=THEIR_KEY, secret_access_key=Secret(THEIR_SECRET)),
            account=THEIRS,
            sessions=_sessions(fetcher),
            name=f"app{next(_NUMBERS)}.customer.example",
        )


@pytest.fixture
async def moto_place(moto: Moto, fetcher: Fetcher) -> AsyncIterator[Place]:
    """Moto, where a missing ExternalId is refused for it."""
    async with fronted(moto.url) as (front, front_url):
        front.strict_trust = True
        yield Place(
            front=front,
            config=_config(front_url, moto.access_key_id, moto.secret_access_key),
            role=AwsRole(role_arn=moto.role_arn, external_id=moto.external_id),
            keys=AwsKeys(access_key_id=moto.access_key_id, secret_access_key=Secret(moto.secret_access_key)),
            account=moto.account,
            sessions=_sessions(fetcher),
            name=f"app{next(_NUMBERS)}.customer.example",
        )


@pytest.fixture(params=["place", "moto_place"])
def either(request: pytest.FixtureRequest) -> Place:
    """Each of both."""
    found: Place = request.getfixturevalue(request.param)
    return found


@asynccontextmanager
async def serving(handle: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """The base URL of a server on loopback."""
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def fronted(upstream: str) -> AsyncIterator[tuple[Front, str]]:
    front = Front()
    front.upstream = upstream
    async with aiohttp.ClientSession() as front.session, serving(front.handle) as url:
        yield front, url


_ROLE = f"arn:aws:iam::{THEIRS}:role/customer"


def _config(url: str, key: str, secret: str) -> Route53ProviderConfig:
    return Route53ProviderConfig(access_key_id=key, secret_access_key=Secret(secret), sts_url=url, api_base_url=url)


def _sessions(fetcher: Fetcher) -> AwsSessions:
    return AwsSessions(fetcher, client=AwsClient(fetcher, SystemClock(), max_calls=100_000, first_pause_s=0.002))
