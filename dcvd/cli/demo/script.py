"""The story that the demo tells: one domain, from the first call to its certificate."""

import asyncio
import shlex
from pathlib import Path
from typing import Any, Final

import aiohttp

from dcvd.cli.demo.client import Client
from dcvd.cli.demo.connection_story import Connecting
from dcvd.cli.demo.narrator import Narrator
from dcvd.cli.demo.place import private_directory
from dcvd.cli.demo.receiver import Arrival, Keys
from dcvd.cli.demo.stage import Stage, stage
from dcvd.cli.demo.words import MARKS, Standing, sentence, standing
from dcvd.cli.terminal.tables import instant
from dcvd.core.events import EventType
from dcvd.core.tokens import Role
from dcvd.errors import DcvdError
from dcvd.services import organizations, tokens

ORGANIZATION: Final = "Acme Pages"
DOMAIN: Final = "app.customer.test"
_EVENTS: Final = [event.value for event in EventType if event.value.startswith(("domain.", "dns."))]
_LOOK: Final = 0.1  # seconds between two looks at the domain over the API
_LOG_TAIL: Final = 15

Happening = Arrival | Standing


class DemoFailed(DcvdError):
    """The story did not reach its end."""

    code = "demo_failed"


class Script:
    """Tells the story on a stage that is set. `connect`: the daemon creates the record, else the customer by hand."""

    def __init__(
        self,
        on: Stage,
        narrator: Narrator,
        session: aiohttp.ClientSession,
        happenings: "asyncio.Queue[Happening]",
        *,
        connect: bool,
    ) -> None:
        self._on = on
        self._narrator = narrator
        self._session = session
        self._happenings = happenings
        self._connecting = Connecting(on, narrator, session) if connect else None
        self._webhooks = 0
        self._standing: Standing | None = None
        self._last_event = "none yet"
        self._token = ""

    @property
    def last_seen(self) -> str:
        """For the sentence of a failure."""
        if self._standing is None:
            return "the domain was not added yet."
        return f"the last webhook was {self._last_event}, the status {self._standing.status}. {self._standing}"

    async def tell(self) -> None:
        """Up to the active domain. Raises DcvdError."""
        self._show_stage()
        api = await self._become_a_tenant()
        await self._register_receiver(api)
        if self._connecting is not None:
            await self._connecting.connect(api)
        domain_id = await self._add_domain(api)
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._watch(api, domain_id), name="demo.watch")
            if self._connecting is None:
                await self._wait_until_missed()
                await self._create_record()
            else:
                await self._connecting.write(api, domain_id)
            while not _is(await self._next(), EventType.DOMAIN_ACTIVE):
                pass
            watch.cancel()
        await self._show_result(await api.call("GET", f"/api/domains/{domain_id}"))

    async def go_on(self) -> None:
        """Narrates whatever else arrives, until cancelled."""
        self._show_what_to_try()
        while True:
            await self._next()

    def _show_stage(self) -> None:
        say, on = self._narrator, self._on
        say.step("Everything starts on this machine")
        say.done("Cloudflare", f"{on.sandbox.api_url} (a sandbox, with DNS on {on.sandbox.dns_address})")
        say.done("dcvd", f"{on.url} (log in {on.log_file})")
        say.done("your application", f"{on.receiver.url} (receives the webhooks)")

    async def _become_a_tenant(self) -> Client:
        say, context = self._narrator, self._on.daemon.context
        say.step("The operator creates an organization and its API token")
        say.typed(f"$ dcvd org create {shlex.quote(ORGANIZATION)}")
        organization = await organizations.create(context, ORGANIZATION)
        say.done(organization.id)
        say.typed(f"$ dcvd token create --org {shlex.quote(ORGANIZATION)} --name demo")
        minted = await tokens.create(context, organization.id, name="demo", role=Role.OWNER, expires_at=None)
        self._token = minted.plain.reveal()
        say.done(self._token)
        return Client(self._session, self._on.url, self._token)

    async def _register_receiver(self, api: Client) -> None:
        say = self._narrator
        say.step("Your application asks to be told what happens")
        say.typed("POST /api/webhooks")
        answer = await api.call("POST", "/api/webhooks", {"url": self._on.receiver.url, "events": _EVENTS})
        webhook = answer["webhook"]
        self._on.receiver.trust(Keys(webhook["secret"], webhook["signingSecret"]))
        say.done(webhook["id"])

    async def _add_domain(self, api: Client) -> str:
        say = self._narrator
        say.step(f"A customer wants to use {DOMAIN}")
        say.typed(f'POST /api/domains {{"domainName":"{DOMAIN}"}}')
        say.start_watch()
        domain = (await api.call("POST", "/api/domains", {"domainName": DOMAIN}))["domain"]
        self._standing = standing(domain)
        say.done(domain["id"])
        say.said(f"{'The customer has to create' if self._connecting is None else 'It needs'} this record:")
        for record in domain["requiredRecords"]:
            say.record(f"{record['name']}   {record['type']}   {record['value']}")
        return str(domain["id"])

    async def _wait_until_missed(self) -> None:
        self._narrator.step("dcvd looks for the record, and says what is wrong")
        self._narrator.said(MARKS)
        told = registered = False
        while not (told and registered):
            happening = await self._next()
            told = told or _is(happening, EventType.DNS_CHECK_FAILED)
            registered = registered or (isinstance(happening, Standing) and happening.hostname is not None)

    async def _create_record(self) -> None:
        say, sandbox = self._narrator, self._on.sandbox
        say.step("The customer creates the record")
        control = Client(self._session, sandbox.control_url)
        values = [f"{sandbox.settings.target}."]
        say.typed(f'PUT /sandbox/dns/{DOMAIN}/CNAME {{"values":["{values[0]}"]}}')
        await control.call("PUT", f"/dns/{DOMAIN}/CNAME", {"values": values})

    async def _show_result(self, answer: Any) -> None:
        say, domain = self._narrator, answer["domain"]
        if not domain["ready"]:
            raise DemoFailed(f"domain.active arrived, but the API says ready: false. {standing(domain)}")
        say.step(f"{DOMAIN} is in service")
        say.fact("status", domain["status"])
        say.fact("ready", "true")
        say.fact("certificate", f"until {instant(domain['expiresAt'], missing='an unknown time')}")
        if self._connecting is not None:
            await self._connecting.show_zone()
        say.fact("webhooks", f"{self._webhooks} received; both signatures of each were verified (✓)")

    def _show_what_to_try(self) -> None:
        say, control = self._narrator, self._on.sandbox.control_url
        bearer = f'-H "Authorization: Bearer {self._token}"'
        say.step("Go on in another terminal; what arrives is shown here, until Ctrl-C")
        say.shell("ask for the domain", f"curl -s {bearer} {self._on.url}/api/domains")
        add = f"curl -s {bearer} -H 'Content-Type: application/json' {self._on.url}/api/domains -d"
        if self._connecting is None:
            say.shell("add another one", f'{add} \'{{"domainName":"shop.customer.test"}}\'')
            say.shell(
                "and create its record",
                f'curl -s -X PUT -d \'{{"values":["{self._on.sandbox.settings.target}."]}}\' '
                f"{control}/dns/shop.customer.test/CNAME",
            )
        else:
            connected = f'"connectionId":"{self._connecting.connection_id}"'
            say.shell(
                "add another one, and its record is written by itself",
                f'{add} \'{{"domainName":"shop.customer.test",{connected}}}\'',
            )
            say.shell("look at the connection", f"curl -s {bearer} {self._on.url}/api/oauth/connections")
        say.shell("renew the certificate", f"curl -s -X POST -d '{{\"days\":180}}' {control}/hostnames/{DOMAIN}/renew")
        say.shell("delete the record", f"curl -s -X DELETE {control}/dns/{DOMAIN}/CNAME")
        say.shell("read the whole API", f"{self._on.url}/schema")
        say.gap()

    async def _next(self) -> Happening:
        happening = await self._happenings.get()
        self._narrate(happening)
        return happening

    def _narrate(self, happening: Happening) -> None:
        match happening:
            case Standing():
                self._narrator.happened(happening.status, str(happening), verified=False)
            case Arrival(event=event, problem=str(problem)):
                raise DemoFailed(f"The webhook {event} arrived, but {problem}.")
            case Arrival(event=event, data=data):
                self._webhooks += 1
                self._last_event = event
                self._narrator.happened(event, sentence(event, data), verified=True)

    async def _watch(self, api: Client, domain_id: str) -> None:
        """What a tenant would see who asks again and again."""
        while True:
            now = standing((await api.call("GET", f"/api/domains/{domain_id}"))["domain"])
            if now != self._standing:
                self._standing = now
                self._happenings.put_nowait(now)
            await asyncio.sleep(_LOOK)


async def perform(narrator: Narrator, *, once: bool, deadline: float, connect: bool = False) -> None:
    """The whole demo, with nothing left behind. Raises DcvdError when it was not done after `deadline` seconds."""
    narrator.title("dcvd demo: a customer's own domain, from its first record to its certificate")
    with private_directory() as directory:
        try:
            async with aiohttp.ClientSession() as session:
                happenings: asyncio.Queue[Happening] = asyncio.Queue()
                async with stage(Path(directory), happenings.put_nowait) as on:
                    script = Script(on, narrator, session, happenings, connect=connect)
                    await _supervised(script, on, once=once, deadline=deadline)
        except DcvdError as error:
            raise DemoFailed(f"{error.message}{_tail(Path(directory, 'dcvd.log'))}") from error


async def _supervised(script: Script, on: Stage, *, once: bool, deadline: float) -> None:
    """The story, as long as the daemon lives."""
    try:
        async with asyncio.TaskGroup() as group:
            daemon = group.create_task(on.daemon.wait(), name="demo.daemon")
            try:
                async with asyncio.timeout(deadline):
                    await script.tell()
            except TimeoutError as error:
                raise DemoFailed(
                    f"The domain is not active after {deadline:g} seconds; what was last seen: {script.last_seen}"
                ) from error
            if not once:
                await script.go_on()
            daemon.cancel()
    except ExceptionGroup as failures:  # not except*, which Python before 3.11.4 wraps in a group again
        raise _first(failures) from failures


def _is(happening: Happening, event: EventType) -> bool:
    return isinstance(happening, Arrival) and happening.event == event


def _first(failures: ExceptionGroup[Exception]) -> Exception:
    """The failure that ended the others; a person wants one sentence."""
    found: Exception = failures
    while isinstance(found, ExceptionGroup):
        found = found.exceptions[0]
    return found


def _tail(log_file: Path) -> str:
    if not log_file.exists():
        return ""
    lines = log_file.read_text(errors="replace").splitlines()[-_LOG_TAIL:]
    return "\nThe end of the log:\n" + "\n".join(lines) if lines else ""
