"""The authorization servers at which the flow is judged, as a browser meets them, and our client at each."""

import os
import shutil
from pathlib import Path
from typing import Any, Final, Protocol

import pytest

from dcvd.config.oauth_sections import AuthMethod, OauthOtherConfig
from dcvd.core.secret import Secret
from tests.marked import marked

SCOPES: Final = ("openid", "offline_access", "dns.read", "dns.write")
"""What both servers know; they leave out of a grant what they do not know."""
OURS: Final = "https://dcv.example.net/oauth/callback/other"
TENANTS: Final = "https://app.example.com/dns?step=2"
"""A page of the tenant's own, with a query that has to stay."""
SECRET: Final = Secret(marked("client +%2B&=:/?#\"'\\~"))
METHODS: Final[tuple[AuthMethod, ...]] = ("client_secret_basic", "client_secret_post", "none")
_NODE: Final = shutil.which("node")
_MODULES: Final = os.environ.get("DCVD_NODE_MODULES", "")


class Server(Protocol):
    """One that announces its issuer, and that it names itself in each answer."""

    issuer: str

    async def answer(self, url: str, *, consent: bool = True) -> str:
        """The redirect URI with its answer, after the customer has logged in and consented, or declined."""
        ...


def client_id(method: AuthMethod) -> str:
    """With characters that RFC 6749, section 2.3.1, has encoded before Basic."""
    return f"dcvd:{method} 100%"


def client_at(server: Server, method: AuthMethod = "client_secret_basic") -> OauthOtherConfig:
    """Our client there. `prompt` is what OpenID Connect wants of who asks for offline_access."""
    return OauthOtherConfig(
        client_id=client_id(method),
        client_secret=None if method == "none" else SECRET,
        auth_method=method,
        scopes=SCOPES,
        redirect_uris=(OURS, TENANTS),
        issuer=server.issuer,
        authorize_url=f"{server.issuer}/auth?prompt=consent",
    )


def registered() -> list[dict[str, Any]]:
    """The same clients as the server knows them (RFC 7591)."""
    return [
        {
            "client_id": client_id(method),
            "token_endpoint_auth_method": method,
            "redirect_uris": [OURS, TENANTS],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        }
        | ({} if method == "none" else {"client_secret": SECRET.reveal()})
        for method in METHODS
    ]


def oidc_command() -> list[str]:
    """How oidc-provider is started; skips the test where it is not on the machine."""
    if _NODE is None or not (Path(_MODULES) / "oidc-provider").is_dir():
        pytest.skip(
            "Node or its package oidc-provider is not here: npm install oidc-provider@9.13.3, then set "
            "DCVD_NODE_MODULES to the node_modules folder."
        )
    return [_NODE, str(Path(__file__).with_name("oidc.mjs"))]
