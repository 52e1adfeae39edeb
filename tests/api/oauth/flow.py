"""The steps of a flow, as a tenant and a customer's browser take them."""

from typing import Any
from urllib.parse import urlsplit

from dcvd.services.context import Context
from tests.api.client import Answer, Client
from tests.api.oauth.servers import ELSEWHERE, HERE, Server, query_of

AUTHORIZE, EXCHANGE, CONNECTIONS = (f"/api/oauth/{step}" for step in ("authorize", "exchange", "connections"))


class Flow:
    """At one authorization server, which is the provider `other`."""

    def __init__(self, server: Server, context: Context) -> None:
        self.server = server
        self.context = context

    async def begin(self, tenant: Client, **body: Any) -> dict[str, Any]:
        """An authorization whose answer comes to a page of the tenant's own."""
        answer = await tenant.post(AUTHORIZE, {"provider": "other", "redirectUri": ELSEWHERE, **body})
        assert answer.status == 200, answer.body
        begun: dict[str, Any] = answer.json
        return begun

    async def answered(self, tenant: Client) -> dict[str, str]:
        """The parameters that a customer who consents brings back."""
        begun = await self.begin(tenant)
        return query_of(await self.server.consent(begun["authorizationUrl"]))

    async def exchange(self, tenant: Client, answer: dict[str, str], **body: Any) -> Answer:
        """What a tenant makes of it."""
        given = {name: answer[name] for name in ("code", "state", "iss") if name in answer}
        return await tenant.post(EXCHANGE, {"provider": "other", "redirectUri": ELSEWHERE, **given, **body})

    async def connected(self, tenant: Client) -> dict[str, Any]:
        """A connection."""
        answer = await self.exchange(tenant, await self.answered(tenant))
        assert answer.status == 201, answer.body
        made: dict[str, Any] = answer.json["connection"]
        return made

    async def click(self, tenant: Client, browser: Client, *, deny: bool = False, **body: Any) -> Answer:
        """The whole of it through dcvd's own redirect URI; what the browser sees in the end."""
        begun = await self.begin(tenant, redirectUri=HERE, **body)
        return await self.come_back(browser, await self.server.consent(begun["authorizationUrl"], deny=deny))

    async def come_back(self, browser: Client, url: str) -> Answer:
        """The browser follows the provider's redirect."""
        assert url.startswith(HERE)
        parts = urlsplit(url)
        # Redirects of the last answer lead to the tenant's own application, which is not here.
        return await browser.call("GET", f"{parts.path}?{parts.query}", follow=False)

    async def stored(self) -> int:
        """How many connections there are."""
        ((count,),) = await self.context.database.read(
            lambda snapshot: snapshot.all("SELECT count(*) FROM oauth_connections WHERE id > ''")
        )
        return int(count)
