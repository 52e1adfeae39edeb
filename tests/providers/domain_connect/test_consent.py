"""The asynchronous flow's consent, which is for one hostname, and its token, which is asked for in JSON."""

from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.config.oauth_sections import OauthOtherConfig
from dcvd.core.connections.connection import Provider
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import Role
from dcvd.dns import DnsObserver
from dcvd.errors import InvalidInput, NotFound, Unauthorized
from dcvd.kit.http.fetch import Fetcher
from dcvd.oauth.tokens import TokenClient
from dcvd.sandbox import Sandbox
from dcvd.services import organizations
from dcvd.services.connections import authorizations, consents
from dcvd.services.context import Context
from dcvd.services.tokens import minting
from dcvd.store.engine.database import Database
from tests.conftest import VAULT
from tests.dns.served import load
from tests.marked import marked
from tests.providers.domain_connect.server import CLIENT_SECRET, CODE, TOKEN, DomainConnectProvider

BACK = "https://app.example.net/back"


@pytest.fixture
def context(database: Database, connect_config: Config, provider: DomainConnectProvider) -> Context:
    base = f"https://{provider.prefix}"
    other = OauthOtherConfig(
        client_id="us",
        client_secret=Secret(CLIENT_SECRET),
        auth_method="client_secret_post",
        token_format="json",
        scopes=("domain",),
        redirect_uris=(BACK,),
        authorize_url=f"{base}/v2/domainTemplates/providers/example.net",
        token_url=f"{base}/v2/oauth/access_token",
    )
    config = replace(
        connect_config,
        vault=replace(connect_config.vault, key=Secret("00" * 32)),
        oauth_other=other,
        providers_other=replace(connect_config.providers_other, api_base_url=base),
    )
    return Context(database, Live(config), vault=VAULT)


@pytest.fixture
def client(context: Context, trusting_fetcher: Fetcher) -> TokenClient:
    return TokenClient(trusting_fetcher, context.live_config)


async def test_the_customer_is_asked_about_one_hostname(
    context: Context, client: TokenClient, observer: DnsObserver
) -> None:
    organization = await organizations.create(context, "acme")
    token = await minting.create(context, organization.id, name="ci", role=Role.OWNER, expires_at=None)
    more = await consents.find_consent_parameters(context, observer.zones, Provider.OTHER, "App.shop.customer.test")
    begun = await authorizations.start_authorization(
        context, client, organization.id, token.token.id, Provider.OTHER, extra_parameters=more
    )
    address = urlsplit(begun.url)
    assert address.path.endswith("/v2/domainTemplates/providers/example.net")
    asked = parse_qs(address.query)
    assert (asked["domain"], asked["host"]) == (["customer.test"], ["app.shop"])
    assert (asked["scope"], asked["client_id"], asked["redirect_uri"]) == (["domain"], ["us"], [BACK])


async def test_a_name_is_given_exactly_where_consent_is_for_one(
    context: Context, observer: DnsObserver, zone: Sandbox
) -> None:
    for provider, name in ((Provider.OTHER, None), (Provider.CLOUDFLARE, "app.customer.test"), (Provider.OTHER, "-")):
        with pytest.raises(InvalidInput) as refused:
            await consents.find_consent_parameters(context, observer.zones, provider, name)
        assert refused.value.field == "domainName"
    assert await consents.find_consent_parameters(context, observer.zones, Provider.GODADDY, None) == {}
    load(zone, "test", "")
    with pytest.raises(NotFound):
        await consents.find_consent_parameters(context, observer.zones, Provider.OTHER, "app.nowhere.test")


async def test_the_token_is_asked_for_in_json(client: TokenClient, provider: DomainConnectProvider) -> None:
    verifier = Secret("v" * 43)
    got = await client.exchange(Provider.OTHER, code=Secret(CODE), verifier=verifier, redirect_uri=BACK)
    assert got.access_token == Secret(TOKEN)
    with pytest.raises(Unauthorized):
        await client.exchange(Provider.OTHER, code=Secret(marked("another")), verifier=verifier, redirect_uri=BACK)
    assert {request.content_type for request in provider.requests} == {"application/json"}
