"""The flow, step by step, and what is left of it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from msgspec import Struct

from dcvd.core.connections.connection import Connection, Provider
from dcvd.core.secret import Secret
from dcvd.errors import Unauthorized
from dcvd.oauth.token_responses import TokenResponse
from dcvd.oauth.tokens import TokenClient
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from tests.oauth.servers import TENANTS, Server
from tests.served_app.client import Answer, Client

Parameters = dict[str, str]
CONNECTIONS: Final = "/api/oauth/connections"


class Account(Struct):
    """status: what the provider's API answers to a token. before_answer: awaited before each answer."""

    url: str = ""
    status: int = 200
    before_answer: Callable[[], Awaitable[object]] | None = None


class RecordingClient(TokenClient):
    """granted: every answer of the server's with tokens; secrets: what was sent and what came."""

    granted: list[TokenResponse]
    secrets: set[str]

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.granted, self.secrets = [], set()

    async def exchange(
        self, provider: Provider, *, code: Secret, verifier: Secret | None, redirect_uri: str
    ) -> TokenResponse:
        self.secrets |= {secret.reveal() for secret in (code, verifier) if secret is not None}
        return self._noted(await super().exchange(provider, code=code, verifier=verifier, redirect_uri=redirect_uri))

    async def refresh(self, provider: Provider, refresh_token: Secret) -> TokenResponse:
        return self._noted(await super().refresh(provider, refresh_token))

    def _noted(self, tokens: TokenResponse) -> TokenResponse:
        self.granted.append(tokens)
        given = (tokens.access_token, tokens.refresh_token)
        self.secrets |= {token.reveal() for token in given if token is not None}
        return tokens


class Flow:
    """One tenant at one server. An answer comes back by `exchange` or by `callback`."""

    def __init__(
        self,
        context: Context,
        server: Server,
        client: RecordingClient,
        access: ProviderAccess,
        account: Account,
        anybody: Client,
        owner: Client,
        folder: Path,
    ) -> None:
        self.context = context
        self.server = server
        self.client = client
        self.access = access
        self.account = account
        self.anybody = anybody
        self.owner = owner
        self._folder = folder

    async def begin(self, **body: Any) -> dict[str, Any]:
        """Of `POST /api/oauth/authorize`."""
        answer = await self.owner.post("/api/oauth/authorize", {"provider": "other", **body})
        assert answer.status == 200, answer.body
        begun: dict[str, Any] = answer.json
        return begun

    async def answered(self, begun: dict[str, Any], *, consent: bool = True) -> Parameters:
        """What the server sends back through the browser."""
        back = await self.server.answer(begun["authorizationUrl"], consent=consent)
        return dict(parse_qsl(urlsplit(back).query))

    async def consented(self, **body: Any) -> Parameters:
        return await self.answered(await self.begin(**body))

    async def exchange(self, parameters: Parameters, caller: Client | None = None, **changes: Any) -> Answer:
        """As the tenant's own page does with an answer."""
        body = {"provider": "other", "redirectUri": TENANTS}
        body |= {name: parameters[name] for name in ("code", "state", "iss") if name in parameters}
        return await (caller or self.owner).post("/api/oauth/exchange", body | changes)

    async def callback(
        self, parameters: Parameters, provider: str = "other", *, cookie: str | None = None, language: str = "en"
    ) -> Answer:
        """As the browser brings an answer to our own redirect URI."""
        headers = {"Accept-Language": language} | ({} if cookie is None else {"Cookie": cookie})
        return await self.anybody.get(f"/oauth/callback/{provider}?{urlencode(parameters)}", headers=headers)

    async def connected(self) -> str:
        """The id of a new connection."""
        answer = await self.exchange(await self.consented(redirectUri=TENANTS))
        assert answer.status == 201, answer.body
        return str(answer.json["connection"]["id"])

    async def kept(self) -> int:
        """How many connections are stored."""
        ((count,),) = await self.context.database.read(
            lambda snapshot: snapshot.fetch_all("SELECT count(*) FROM oauth_connections WHERE id > ''")
        )
        return int(count)

    async def assert_nothing_is_kept(self) -> None:
        """No connection, no secret in a file, and every token that came was given back."""
        assert await self.kept() == 0
        files = b"".join(file.read_bytes() for file in self._folder.glob("dcvd.db*"))
        assert not [secret for secret in self.client.secrets if secret.encode() in files]
        for tokens in list(self.client.granted):
            assert tokens.refresh_token is not None
            await self.assert_dead(tokens.refresh_token)

    async def assert_every_token_lives(self) -> None:
        """The server takes every refresh token that came."""
        for tokens in list(self.client.granted):
            assert tokens.refresh_token is not None
            await self.client.refresh(Provider.OTHER, tokens.refresh_token)

    async def assert_dead(self, refresh_token: Secret) -> None:
        """The server does not take it any more."""
        with pytest.raises(Unauthorized) as refused:
            await self.client.refresh(Provider.OTHER, refresh_token)
        assert refused.value.code == "invalid_grant"

    async def stored(self, connection_id: str) -> Connection:
        answer = await self.context.database.read(
            lambda snapshot: snapshot.fetch_one("SELECT org_id FROM oauth_connections WHERE id = ?", (connection_id,))
        )
        assert answer is not None
        return (await self.access.load_connection(str(answer[0]), connection_id)).connection

    async def forget_uses(self) -> None:
        """Let every state be used once more, which nothing but a test can."""
        await self.context.database.write(
            lambda tx: tx.execute("UPDATE oauth_states SET used_at = NULL WHERE org_id > ''")
        )
