"""The sign-in at oidc-provider, an OpenID-certified server that we did not write."""

import time
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.config import Config
from dcvd.config.oauth_sections import AuthMethod
from dcvd.config.web_section import WebOidcConfig
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import Role
from dcvd.kit.http.fetch import Fetcher
from dcvd.oauth.openid import OpenIdClient
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.marked import marked
from tests.oauth.oidc import Oidc, running
from tests.served_app.client import Answer
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import ORIGIN
from tests.web.sign_in.oidc.place import CALLBACK, OidcBrowser, add_member

_SECRET = Secret(marked("oidc +%:/?"))
_METHODS: list[AuthMethod] = ["client_secret_basic", "client_secret_post", "none"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    clients = [
        {
            "client_id": method,
            "token_endpoint_auth_method": method,
            "redirect_uris": [f"{ORIGIN}{CALLBACK}"],
            "scope": "openid email",
        }
        | ({} if method == "none" else {"client_secret": _SECRET.reveal()})
        for method in _METHODS
    ]
    with running(clients) as issuer:
        yield issuer


@pytest.fixture
async def oidc(app: Api, context: Context, config: Config, clock: ManualClock, server: str) -> AsyncIterator[Context]:
    """The context, configured for the server."""
    clock.set(int(time.time() * 1000))
    section = WebOidcConfig(issuer=server, client_id="client_secret_basic", client_secret=_SECRET)
    context.live_config.value = replace(config, web_oidc=section)
    fetcher = Fetcher()
    await fetcher.start()
    app.services.openid = OpenIdClient(fetcher, context.live_config)
    yield context
    context.live_config.value = config
    await fetcher.close()


async def sign_in(browser: OidcBrowser, issuer: str, login: str, *, consent: bool = True) -> Answer:
    url = await Oidc(issuer, login).answer(await browser.begin(), consent=consent)
    assert url.startswith(f"{ORIGIN}{CALLBACK}?")
    return await browser.come_back(urlsplit(url).query)


@pytest.mark.parametrize("method", _METHODS)
async def test_a_member_signs_in(
    oidc: Context, organization: Organization, browser: OidcBrowser, server: str, method: AuthMethod
) -> None:
    section = replace(oidc.config.web_oidc, client_id=method, auth_method=method)
    oidc.live_config.value = replace(oidc.config, web_oidc=section)
    await add_member(oidc, organization.id, "mem_ann", role=Role.ADMIN, address="ann@example.net")
    answer = await sign_in(browser, server, "ann")
    assert answer.status == 200, read_text(answer)
    assert "ann@example.net (admin)" in read_text(await browser.open("/dashboard"))


async def test_an_unverified_address_and_a_stranger_are_told_so(
    oidc: Context, organization: Organization, browser: OidcBrowser, server: str
) -> None:
    await add_member(oidc, organization.id, "mem_x", address="unverified-ann@example.net")
    unverified = await sign_in(browser, server, "unverified-ann")
    assert (unverified.status, "is verified" in read_text(unverified)) == (403, True)
    stranger = await sign_in(browser, server, "bob")
    assert (stranger.status, "bob@example.net" in read_text(stranger)) == (403, True)


async def test_whoever_aborts_there_is_told_so(oidc: Context, browser: OidcBrowser, server: str) -> None:
    answer = await sign_in(browser, server, "ann", consent=False)
    assert (answer.status, "you declined" in read_text(answer)) == (403, True)


async def test_a_wrong_secret_signs_nobody_in(
    oidc: Context, organization: Organization, browser: OidcBrowser, server: str
) -> None:
    await add_member(oidc, organization.id, "mem_ann", address="ann@example.net")
    section = replace(oidc.config.web_oidc, client_secret=Secret("wrong"))
    oidc.live_config.value = replace(oidc.config, web_oidc=section)
    assert (await sign_in(browser, server, "ann")).status == 502
