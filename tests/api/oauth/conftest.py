"""The application with an authorization server as its provider `other`, and what is kept of the answers."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.config.http_api_section import HttpApiDescription
from dcvd.config.provider_sections import OtherProviderConfig
from dcvd.kit.http.fetch import Fetcher
from dcvd.metrics import Metrics
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from tests.api.oauth.flow import Account, Flow, RecordingClient
from tests.kit.receivers import receiver
from tests.leaks import MARK
from tests.oauth import oidc, strict
from tests.oauth.servers import Server, client_at
from tests.oauth.strict import Strict
from tests.providing import drivers_of
from tests.served_app.client import Client
from tests.served_app.fixtures import EventDict

RETURN_TO = "https://app.example.com/done?tab=dns"


@pytest.fixture(scope="session")
def oidc_issuer() -> Iterator[str]:
    with oidc.running() as issuer:
        yield issuer


@pytest.fixture
async def ours() -> AsyncIterator[Strict]:
    async with strict.serving() as server:
        yield server


@pytest.fixture(params=["ours", "oidc-provider"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """Both servers."""
    if request.param == "oidc-provider":
        yield oidc.Oidc(request.getfixturevalue("oidc_issuer"))
        return
    async with strict.serving() as server:
        yield server


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    """The provider's API, as far as it says whose a token is."""
    account = Account()

    async def whoami(_: web.Request) -> web.Response:
        if account.before_answer is not None:
            await account.before_answer()
        return web.json_response({"name": "Customer Ltd"}, status=account.status)

    async with receiver(whoami) as port:
        account.url = f"http://127.0.0.1:{port}"
        yield account


@pytest.fixture
async def flow(
    app: Api,
    context: Context,
    anybody: Client,
    owner: Client,
    server: Server,
    account: Account,
    log_lines: list[EventDict],
    tmp_path: Path,
) -> AsyncIterator[Flow]:
    described = HttpApiDescription(
        check_path="/whoami",
        account_name="name",
        zone_path="/zones",
        records_path="/zones/{zone}",
        create_path="/zones/{zone}",
        create_body='{"type":"{type}","value":"{value}"}',
        delete_path="/zones/{zone}/{id}",
    )
    context.live_config.value = replace(
        context.config,
        oauth=replace(context.config.oauth, return_to=(RETURN_TO,)),
        oauth_other=client_at(server),
        providers_other=OtherProviderConfig(write_driver="http", api_base_url=account.url),
        providers_http=described,
    )
    fetcher = Fetcher()
    await fetcher.start()
    client = RecordingClient(fetcher, context.live_config)
    parts = app.services
    parts.access = ProviderAccess(context, drivers_of(context, fetcher), client, Metrics())
    yield Flow(context, server, client, parts.access, account, anybody, owner, tmp_path)
    await parts.access.tasks.drain(5)
    await fetcher.close()
    assert MARK not in repr(log_lines)
    assert not [line for line in log_lines if any(secret in repr(line) for secret in client.secrets)]
