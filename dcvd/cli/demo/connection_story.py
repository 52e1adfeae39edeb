"""The part of the demo in which the customer clicks once, and the daemon writes the record."""

from typing import Any, Final

import aiohttp
from yarl import URL

from dcvd.cli.demo.client import DemoClient
from dcvd.cli.demo.narrator import Narrator
from dcvd.cli.demo.stage import DemoStage
from dcvd.cli.demo.words import MARKS_LEGEND
from dcvd.errors import DcvdError

_PROVIDER: Final = "cloudflare"
_MAX_URL_SHOWN: Final = 100
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)


class ConnectionStory:
    """Shows how the customer's DNS provider is connected, and how the daemon writes the record through it."""

    def __init__(self, stage: DemoStage, narrator: Narrator, session: aiohttp.ClientSession) -> None:
        self._stage = stage
        self._narrator = narrator
        self._session = session
        self.connection_id = ""

    async def connect(self, api: DemoClient) -> None:
        """Connect the customer's provider by OAuth. Raises DcvdError."""
        say, redirect_uri = self._narrator, self._stage.receiver.redirect_uri
        say.start_step("A customer connects its DNS provider, by one click")
        say.show_command(f'POST /api/oauth/authorize {{"provider":"{_PROVIDER}","redirectUri":"{redirect_uri}"}}')
        authorization = await api.call(
            "POST", "/api/oauth/authorize", {"provider": _PROVIDER, "redirectUri": redirect_uri}
        )
        url = URL(authorization["authorizationUrl"])
        say.say("Your application sends the customer's browser to the provider's page:")
        say.show_command(f"{str(url)[:_MAX_URL_SHOWN]}…")
        answer = await self._give_consent(url)
        say.show_created("Allow", "The customer says yes there, and comes back with a code.")
        say.show_command(
            f'POST /api/oauth/exchange {{"provider":"{_PROVIDER}","code":"…","redirectUri":"…","state":"…"}}'
        )
        exchange = {"provider": _PROVIDER, "redirectUri": redirect_uri, **answer}
        connection = (await api.call("POST", "/api/oauth/exchange", exchange))["connection"]
        self.connection_id = str(connection["id"])
        say.show_created(self.connection_id)
        say.show_fact("account", connection["account"] or "unknown")
        say.show_fact("may", ", ".join(connection["scopes"]))

    async def write_record(self, api: DemoClient, domain_id: str) -> None:
        """Ask the daemon for a dry run of the record, then have it written. Raises DcvdError."""
        say, path = self._narrator, f"/api/domains/{domain_id}/dns"
        say.start_step("dcvd writes the record itself")
        request = {"connectionId": self.connection_id}
        say.show_command(f'POST /api/domains/{{id}}/dns {{"connectionId":"{self.connection_id}","dryRun":true}}')
        plan = (await api.call("POST", path, {**request, "dryRun": True}))["plan"]
        say.say(f"It says what it would do in the zone {plan['zone']}, and does nothing yet:")
        for step in plan["records"]:
            say.show_record(f"{step['status']}   {step['name']}   {step['type']}   {step['value']}")
        say.add_gap()
        say.show_command(f'POST /api/domains/{{id}}/dns {{"connectionId":"{self.connection_id}"}}')
        job = (await api.call("POST", path, request))["job"]
        say.show_created(job["id"], "The job that writes it.")
        say.say(MARKS_LEGEND)

    async def show_zone(self) -> None:
        """Show the records of the customer's zone. Raises DcvdError."""
        state = await DemoClient(self._session, self._stage.sandbox.control_url).call("GET", "/state")
        for zone in state["zones"]:
            for record in zone["records"]:
                description = f"{record['name']} {record['type']} {record['content']} ({record['comment']})"
                self._narrator.show_fact("in the zone", description)

    async def _give_consent(self, url: URL) -> dict[str, Any]:
        """Follow the browser to the provider, where `auto` stands for the click, and back to the application."""
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
