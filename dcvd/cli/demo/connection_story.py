"""The part of the story in which the customer clicks once, and the daemon writes the record."""

from typing import Any, Final

import aiohttp
from yarl import URL

from dcvd.cli.demo.client import Client
from dcvd.cli.demo.narrator import Narrator
from dcvd.cli.demo.stage import Stage
from dcvd.cli.demo.words import MARKS
from dcvd.errors import DcvdError

_PROVIDER: Final = "cloudflare"
_SHOWN: Final = 100
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)


class Connecting:
    """Tells how the customer's DNS provider is connected, and what the daemon does with that."""

    def __init__(self, on: Stage, narrator: Narrator, session: aiohttp.ClientSession) -> None:
        self._on = on
        self._narrator = narrator
        self._session = session
        self.connection_id = ""

    async def connect(self, api: Client) -> None:
        """By OAuth. Raises DcvdError."""
        say, redirect_uri = self._narrator, self._on.receiver.redirect_uri
        say.step("A customer connects its DNS provider, by one click")
        say.typed(f'POST /api/oauth/authorize {{"provider":"{_PROVIDER}","redirectUri":"{redirect_uri}"}}')
        begun = await api.call("POST", "/api/oauth/authorize", {"provider": _PROVIDER, "redirectUri": redirect_uri})
        url = URL(begun["authorizationUrl"])
        say.said("Your application sends the customer's browser to the provider's page:")
        say.typed(f"{str(url)[:_SHOWN]}…")
        answer = await self._consent(url)
        say.done("Allow", "The customer says yes there, and comes back with a code.")
        say.typed(f'POST /api/oauth/exchange {{"provider":"{_PROVIDER}","code":"…","redirectUri":"…","state":"…"}}')
        exchange = {"provider": _PROVIDER, "redirectUri": redirect_uri, **answer}
        connection = (await api.call("POST", "/api/oauth/exchange", exchange))["connection"]
        self.connection_id = str(connection["id"])
        say.done(self.connection_id)
        say.fact("account", connection["account"] or "not told")
        say.fact("may", ", ".join(connection["scopes"]))

    async def write(self, api: Client, domain_id: str) -> None:
        """The record: what would be done, then that it be done. Raises DcvdError."""
        say, path = self._narrator, f"/api/domains/{domain_id}/dns"
        say.step("dcvd writes the record itself")
        wish = {"connectionId": self.connection_id}
        say.typed(f'POST /api/domains/{{id}}/dns {{"connectionId":"{self.connection_id}","dryRun":true}}')
        planned = (await api.call("POST", path, {**wish, "dryRun": True}))["plan"]
        say.said(f"It says what it would do in the zone {planned['zone']}, and does nothing yet:")
        for step in planned["records"]:
            say.record(f"{step['state']}   {step['name']}   {step['type']}   {step['value']}")
        say.gap()
        say.typed(f'POST /api/domains/{{id}}/dns {{"connectionId":"{self.connection_id}"}}')
        job = (await api.call("POST", path, wish))["job"]
        say.done(job["id"], "The job that writes it.")
        say.said(MARKS)

    async def show_zone(self) -> None:
        """What stands there by now, as the customer sees it. Raises DcvdError."""
        state = await Client(self._session, self._on.sandbox.control_url).call("GET", "/state")
        for zone in state["zones"]:
            for record in zone["records"]:
                told = f"{record['name']} {record['type']} {record['content']} ({record['comment']})"
                self._narrator.fact("in the zone", told)

    async def _consent(self, url: URL) -> dict[str, Any]:
        """The browser's way: to the provider, where `auto` stands for the click, and back to the application."""
        try:
            async with self._session.get(
                url.update_query({"auto": "allow"}), allow_redirects=False, timeout=_TIMEOUT
            ) as response:
                back = URL(response.headers.get("Location", ""))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DcvdError(f"The consent page got no answer: {str(error) or type(error).__name__}.") from error
        if "code" not in back.query:
            raise DcvdError(f"The consent page answered {response.status}, and sent no code.")
        return {"code": back.query["code"], "state": back.query["state"]}
