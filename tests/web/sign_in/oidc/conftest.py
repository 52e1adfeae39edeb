"""The sign-in at a provider that a test bends, and a member who may sign in there."""

from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.config import Config
from dcvd.config.web_section import WebOidcConfig
from dcvd.core.secret import Secret
from dcvd.kit.http.fetch import Fetcher
from dcvd.oauth.openid import OpenIdClient
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock, ManualMonotonic
from tests.marked import marked
from tests.served_app.client import Client
from tests.web.sign_in.oidc.issuer import CLIENT_ID, FakeIssuer, Key, serving
from tests.web.sign_in.oidc.place import OidcBrowser, add_member


@pytest.fixture(scope="session")
def rsa_key() -> Key:
    return Key(rsa.generate_private_key(65537, 2048), "rsa")


@pytest.fixture(scope="session")
def keys(rsa_key: Key) -> dict[str, Key]:
    """One for each algorithm."""
    return {
        "RS256": rsa_key,
        "ES256": Key(ec.generate_private_key(ec.SECP256R1()), "ec"),
        "EdDSA": Key(ed25519.Ed25519PrivateKey.generate(), "ed"),
    }


@pytest.fixture
def monotonic() -> ManualMonotonic:
    return ManualMonotonic()


@pytest.fixture
async def issuer(
    app: Api, context: Context, config: Config, rsa_key: Key, clock: ManualClock, monotonic: ManualMonotonic
) -> AsyncIterator[FakeIssuer]:
    async with serving(FakeIssuer(rsa_key, clock.now)) as issuer:
        fetcher = Fetcher()
        await fetcher.start()
        oidc = WebOidcConfig(
            issuer=issuer.url, name="Fake ID", client_id=CLIENT_ID, client_secret=Secret(marked("oidc client"))
        )
        context.live_config.value = replace(config, web_oidc=oidc)
        app.services.openid = OpenIdClient(fetcher, context.live_config, monotonic)
        yield issuer
        context.live_config.value = config
        await fetcher.close()


@pytest.fixture
async def member_id(context: Context, organization: Organization) -> str:
    return await add_member(context, organization.id, "mem_ann")


@pytest.fixture
def browser(anybody: Client) -> OidcBrowser:
    return OidcBrowser(anybody)
