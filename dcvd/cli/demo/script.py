"""The demo's script: one domain, from the first call to its certificate."""

import asyncio
import shlex
from pathlib import Path
from typing import Any, Final

import aiohttp

from dcvd.cli.demo.client import DemoClient
from dcvd.cli.demo.connection_story import ConnectionStory
from dcvd.cli.demo.narrator import Narrator
from dcvd.cli.demo.place import make_private_directory
from dcvd.cli.demo.receiver import ReceivedWebhook, WebhookSecrets
from dcvd.cli.demo.stage import DemoStage, open_stage
from dcvd.cli.demo.words import MARKS_LEGEND, DomainProgress, describe_event, read_progress
from dcvd.cli.terminal.tables import format_instant
from dcvd.core.events import EventType
from dcvd.core.tokens.token import Role
from dcvd.errors import DcvdError
from dcvd.services import organizations
from dcvd.services.tokens import minting

ORGANIZATION: Final = "Acme Pages"
DOMAIN: Final = "app.customer.test"
_EVENTS: Final = [event.value for event in EventType if event.value.startswith(("domain.", "dns."))]
_POLL_INTERVAL_S: Final = 0.1  # seconds between two calls for the domain
_LOG_TAIL_LINES: Final = 15

DemoEvent = ReceivedWebhook | DomainProgress


class DemoFailed(DcvdError):
    """The demo did not reach its end."""

    code = "demo_failed"


class DemoScript:
    """Plays the demo on an open stage. `connect`: the daemon writes the record, else the customer does by hand."""

    def __init__(
        self,
        stage: DemoStage,
        narrator: Narrator,
        session: aiohttp.ClientSession,
        events: "asyncio.Queue[DemoEvent]",
        *,
        connect: bool,
    ) -> None:
        self._stage = stage
        self._narrator = narrator
        self._session = session
        self._events = events
        self._connection_story = ConnectionStory(stage, narrator, session) if connect else None
        self._webhook_count = 0
        self._progress: DomainProgress | None = None
        self._last_event_type = "none yet"
        self._token = ""

    @property
    def last_known_state(self) -> str:
        """The last known state of the domain, for the sentence of a failure."""
        if self._progress is None:
            return "the domain was not added yet."
        return f"the last webhook was {self._last_event_type}, the status {self._progress.status}. {self._progress}"

    async def play(self) -> None:
        """Play up to the active domain. Raises DcvdError."""
        self._show_stage()
        api = await self._create_tenant()
        await self._register_receiver(api)
        if self._connection_story is not None:
            await self._connection_story.connect(api)
        domain_id = await self._add_domain(api)
        await self._show_customers_page(api, domain_id)
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._poll_domain(api, domain_id), name="demo.watch")
            if self._connection_story is None:
                await self._wait_until_record_is_missed()
                await self._create_record()
            else:
                await self._connection_story.write_record(api, domain_id)
            while not _is_webhook_of(await self._next_event(), EventType.DOMAIN_ACTIVE):
                pass
            watch.cancel()
        await self._show_result(await api.call("GET", f"/api/domains/{domain_id}"))

    async def narrate_until_cancelled(self) -> None:
        """Show what can be tried, then whatever arrives, until cancelled."""
        self._show_what_to_try()
        while True:
            await self._next_event()

    def _show_stage(self) -> None:
        say, stage = self._narrator, self._stage
        say.start_step("Everything starts on this machine")
        say.show_created("Cloudflare", f"{stage.sandbox.api_url} (a sandbox, with DNS on {stage.sandbox.dns_address})")
        say.show_created("dcvd", f"{stage.url} (log in {stage.log_file})")
        say.show_created("your application", f"{stage.receiver.url} (receives the webhooks)")

    async def _create_tenant(self) -> DemoClient:
        say, context = self._narrator, self._stage.daemon.context
        say.start_step("The operator creates an organization and its API token")
        say.show_command(f"$ dcvd org create {shlex.quote(ORGANIZATION)}")
        organization = await organizations.create(context, ORGANIZATION)
        say.show_created(organization.id)
        say.show_command(f"$ dcvd token create --org {shlex.quote(ORGANIZATION)} --name demo")
        minted = await minting.create(context, organization.id, name="demo", role=Role.OWNER, expires_at=None)
        self._token = minted.plaintext.reveal()
        say.show_created(self._token)
        return DemoClient(self._session, self._stage.url, self._token)

    async def _register_receiver(self, api: DemoClient) -> None:
        say = self._narrator
        say.start_step("Your application registers an endpoint for webhooks")
        say.show_command("POST /api/webhooks")
        answer = await api.call("POST", "/api/webhooks", {"url": self._stage.receiver.url, "events": _EVENTS})
        webhook = answer["webhook"]
        self._stage.receiver.trust(WebhookSecrets(webhook["secret"], webhook["signingSecret"]))
        say.show_created(webhook["id"])

    async def _add_domain(self, api: DemoClient) -> str:
        say = self._narrator
        say.start_step(f"A customer wants to use {DOMAIN}")
        say.show_command(f'POST /api/domains {{"domainName":"{DOMAIN}"}}')
        say.restart_clock()
        domain = (await api.call("POST", "/api/domains", {"domainName": DOMAIN}))["domain"]
        self._progress = read_progress(domain)
        say.show_created(domain["id"])
        say.say(f"{'The customer has to create' if self._connection_story is None else 'It needs'} this record:")
        for record in domain["requiredRecords"]:
            say.show_record(f"{record['name']}   {record['type']}   {record['value']}")
        return str(domain["id"])

    async def _show_customers_page(self, api: DemoClient, domain_id: str) -> None:
        link = (await api.call("POST", f"/api/domains/{domain_id}/links", {}))["link"]
        self._narrator.show_created(link["url"], "(the page on which the customer connects the domain)")
        self._narrator.show_created(f"{self._stage.url}/dashboard", "(your dashboard: sign in with the token above)")

    async def _wait_until_record_is_missed(self) -> None:
        self._narrator.start_step("dcvd looks for the record, and says what is wrong")
        self._narrator.say(MARKS_LEGEND)
        is_reported = is_registered = False
        while not (is_reported and is_registered):
            event = await self._next_event()
            is_reported = is_reported or _is_webhook_of(event, EventType.DNS_CHECK_FAILED)
            is_registered = is_registered or (isinstance(event, DomainProgress) and event.hostname is not None)

    async def _create_record(self) -> None:
        say, sandbox = self._narrator, self._stage.sandbox
        say.start_step("The customer creates the record")
        control = DemoClient(self._session, sandbox.control_url)
        values = [f"{sandbox.settings.target}."]
        say.show_command(f'PUT /sandbox/dns/{DOMAIN}/CNAME {{"values":["{values[0]}"]}}')
        await control.call("PUT", f"/dns/{DOMAIN}/CNAME", {"values": values})

    async def _show_result(self, answer: Any) -> None:
        say, domain = self._narrator, answer["domain"]
        if not domain["ready"]:
            raise DemoFailed(f"domain.active arrived, but the API says ready: false. {read_progress(domain)}")
        say.start_step(f"{DOMAIN} is in service")
        say.show_fact("status", domain["status"])
        say.show_fact("ready", "true")
        say.show_fact("certificate", f"until {format_instant(domain['expiresAt'], missing='an unknown time')}")
        if self._connection_story is not None:
            await self._connection_story.show_zone()
        say.show_fact("webhooks", f"{self._webhook_count} received; both signatures of each were verified (✓)")

    def _show_what_to_try(self) -> None:
        say, control = self._narrator, self._stage.sandbox.control_url
        bearer = f'-H "Authorization: Bearer {self._token}"'
        say.start_step("Go on in another terminal; what arrives is shown here, until Ctrl-C")
        say.show_shell_command("ask for the domain", f"curl -s {bearer} {self._stage.url}/api/domains")
        add = f"curl -s {bearer} -H 'Content-Type: application/json' {self._stage.url}/api/domains -d"
        if self._connection_story is None:
            say.show_shell_command("add another one", f'{add} \'{{"domainName":"shop.customer.test"}}\'')
            say.show_shell_command(
                "and create its record",
                f'curl -s -X PUT -d \'{{"values":["{self._stage.sandbox.settings.target}."]}}\' '
                f"{control}/dns/shop.customer.test/CNAME",
            )
        else:
            connection_member = f'"connectionId":"{self._connection_story.connection_id}"'
            say.show_shell_command(
                "add another one, and its record is written by itself",
                f'{add} \'{{"domainName":"shop.customer.test",{connection_member}}}\'',
            )
            say.show_shell_command(
                "look at the connection", f"curl -s {bearer} {self._stage.url}/api/oauth/connections"
            )
        say.show_shell_command(
            "renew the certificate", f"curl -s -X POST -d '{{\"days\":180}}' {control}/hostnames/{DOMAIN}/renew"
        )
        say.show_shell_command("delete the record", f"curl -s -X DELETE {control}/dns/{DOMAIN}/CNAME")
        say.show_shell_command(
            "be the operator, in a browser", f"dcvd dashboard --config {shlex.quote(str(self._stage.config_file))}"
        )
        say.show_shell_command("read the whole API", f"{self._stage.url}/schema")
        say.add_gap()

    async def _next_event(self) -> DemoEvent:
        event = await self._events.get()
        self._narrate(event)
        return event

    def _narrate(self, demo_event: DemoEvent) -> None:
        match demo_event:
            case DomainProgress():
                self._narrator.show_event(demo_event.status, str(demo_event), is_verified=False)
            case ReceivedWebhook(event=event, problem=str(problem)):
                raise DemoFailed(f"The webhook {event} arrived, but {problem}.")
            case ReceivedWebhook(event=event, data=data):
                self._webhook_count += 1
                self._last_event_type = event
                self._narrator.show_event(event, describe_event(event, data), is_verified=True)

    async def _poll_domain(self, api: DemoClient, domain_id: str) -> None:
        """Ask the API for the domain again and again, and pass on each change."""
        while True:
            progress = read_progress((await api.call("GET", f"/api/domains/{domain_id}"))["domain"])
            if progress != self._progress:
                self._progress = progress
                self._events.put_nowait(progress)
            await asyncio.sleep(_POLL_INTERVAL_S)


async def run_demo(narrator: Narrator, *, once: bool, deadline_s: float, connect: bool = False) -> None:
    """Run the whole demo, and leave nothing behind. Raises DcvdError if it is not done after `deadline_s` seconds."""
    narrator.show_title("dcvd demo: a customer's own domain, from its first record to its certificate")
    with make_private_directory() as directory:
        try:
            async with aiohttp.ClientSession() as session:
                events: asyncio.Queue[DemoEvent] = asyncio.Queue()
                async with open_stage(Path(directory), events.put_nowait) as stage:
                    script = DemoScript(stage, narrator, session, events, connect=connect)
                    await _play_supervised(script, stage, once=once, deadline_s=deadline_s)
        except DcvdError as error:
            raise DemoFailed(f"{error.message}{_log_tail(Path(directory, 'dcvd.log'))}") from error


async def _play_supervised(script: DemoScript, stage: DemoStage, *, once: bool, deadline_s: float) -> None:
    """Play the script for as long as the daemon runs."""
    try:
        async with asyncio.TaskGroup() as group:
            daemon = group.create_task(stage.daemon.wait(), name="demo.daemon")
            try:
                async with asyncio.timeout(deadline_s):
                    await script.play()
            except TimeoutError as error:
                raise DemoFailed(
                    f"The domain is not active after {deadline_s:g} seconds; what was last seen: "
                    f"{script.last_known_state}"
                ) from error
            if not once:
                await script.narrate_until_cancelled()
            daemon.cancel()
    except ExceptionGroup as failures:  # not except*, which Python before 3.11.4 wraps in a group again
        raise _first_failure(failures) from failures


def _is_webhook_of(received: DemoEvent, event: EventType) -> bool:
    return isinstance(received, ReceivedWebhook) and received.event == event


def _first_failure(failures: ExceptionGroup[Exception]) -> Exception:
    """Return the first failure of a group; a person wants one sentence."""
    failure: Exception = failures
    while isinstance(failure, ExceptionGroup):
        failure = failure.exceptions[0]
    return failure


def _log_tail(log_file: Path) -> str:
    if not log_file.exists():
        return ""
    lines = log_file.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
    return "\nThe end of the log:\n" + "\n".join(lines) if lines else ""
