"""Stand-ins for what asks the outside: Cloudflare, DNS and receivers."""

import asyncio
import time
from typing import Any

from msgspec.structs import replace

from dcvd.core.dns.facts import DnsCheckRequest, DnsFacts, DnsObservation
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import CloudflareCertificate, CloudflareHostname
from dcvd.core.events import EventType
from dcvd.core.http.exchanges import Timings
from dcvd.core.instants import DAY
from dcvd.core.timeline import SYNC_ACTOR
from dcvd.core.webhooks.answers.status_codes import meaning_of
from dcvd.core.webhooks.conformance import ConformanceReport, ProbeKind, evaluate_receiver
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, Delivery, DueDelivery, RecordedAttempt
from dcvd.custom_hostnames.budget import CloudflareBudget
from dcvd.custom_hostnames.wire import CustomHostnamePage
from dcvd.errors import RemoteError
from dcvd.kit.disciplined_clock import DisciplinedClock
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.services.system.overview import DaemonSources
from dcvd.services.webhooks import endpoint_tests, endpoints

QUIET_DAEMON = DaemonSources(
    report_budget=CloudflareBudget(1200, 15, time.monotonic).report,
    report_clock=DisciplinedClock().report,
    is_channel_failing=lambda _: False,
)
"""A daemon that has called nobody yet."""

NOW = 1_800_000_000_000
"""2027-01-15T08:00:00Z, where the clock of these tests stands."""


class FakeLooker:
    """Records a look at a domain whose record is right, or does what a test tells it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.looked: list[str] = []
        self.thorough: list[bool] = []
        self.raises: Exception | None = None
        self.hangs = False
        self.cancelled = False
        self.removed = False

    async def check(
        self,
        domain: Domain,
        *,
        is_thorough: bool = False,
        actor: str = SYNC_ACTOR,
        request_id: str | None = None,
    ) -> Domain | None:
        self.looked.append(domain.id)
        self.thorough.append(is_thorough)
        if self.raises is not None:
            raise self.raises
        if self.hangs:
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled = True
        if self.removed:
            return None
        return await bring_to_active(self._context.for_request(request_id), domain, actor=actor)


class FakeZone:
    """A zone at Cloudflare with the hostnames that a test gives it; it fails where a test says so."""

    def __init__(self, *hostnames: CloudflareHostname) -> None:
        self.hostnames = list(hostnames)
        self.raises: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def list_page(self, number: int) -> CustomHostnamePage:
        if self.gate is not None:
            await self.gate.wait()
        if self.raises is not None:
            raise self.raises
        return CustomHostnamePage(self.hostnames if number == 1 else [], 1, len(self.hostnames))

    async def find(self, hostname: str) -> CloudflareHostname | None:
        return next((each for each in self.hostnames if each.hostname == hostname), None)


class FakeObserver:
    """Sees what a test tells it: facts of whatever is asked for; NXDOMAIN unless told otherwise."""

    def __init__(self) -> None:
        self.asked: list[DnsCheckRequest] = []
        self.sees: dict[str, Any] = {}
        self.gate = asyncio.Event()
        self.gate.set()

    async def observe(self, question: DnsCheckRequest) -> DnsObservation:
        self.asked.append(question)
        await self.gate.wait()
        facts = {"hostname": question.hostname, "target": question.target, "outcome": "answered", **self.sees}
        return DnsObservation(DnsFacts(**facts))


class FakeTextReader:
    """Knows the TXT records that a test tells it, by name; of other names, that there are none."""

    def __init__(self) -> None:
        self.texts: dict[str, tuple[str, ...]] = {}
        self.raises: RemoteError | None = None

    async def read_texts(self, name: str) -> tuple[str, ...]:
        if self.raises is not None:
            raise self.raises
        return self.texts.get(name, ())


class FakeProber:
    """Sends nothing: the receiver answers what a test tells it. What follows is stored as in earnest."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.fails_with: int | None = None
        self.raises: Exception | None = None
        self.probed: list[tuple[str, str]] = []

    async def send_test(
        self, org_id: str, endpoint_id: str, event_type: EventType = EventType.WEBHOOK_TEST
    ) -> tuple[Delivery, RecordedAttempt]:
        if self.raises is not None:
            raise self.raises
        if event_type is EventType.WEBHOOK_TEST:
            probe = await endpoint_tests.start_test(self._context, org_id, endpoint_id, "This is a test.")
        else:
            probe = await endpoint_tests.start_example(self._context, org_id, endpoint_id, event_type)
        return await endpoint_tests.record_result(
            self._context, probe, answered(probe.due_delivery, self.fails_with or 204)
        )

    async def check_conformance(self, org_id: str, endpoint_id: str) -> ConformanceReport:
        if self.raises is not None:
            raise self.raises
        endpoint = await endpoints.get(self._context, org_id, endpoint_id)
        self.probed.append((org_id, endpoint_id))
        status = self.fails_with or 204
        attempt = Attempt(
            delivery_id="",
            number=1,
            started_at=NOW,
            timings=Timings(total_ms=1),
            outcome=meaning_of(status).outcome,
            status_code=status,
        )
        return evaluate_receiver(dict.fromkeys(ProbeKind, attempt), endpoint.url)


def answered(due: DueDelivery, status: int, **changes: Any) -> Attempt:
    """An attempt that the receiver answered with a status."""
    outcome = meaning_of(status).outcome
    attempt = Attempt(
        delivery_id=due.id,
        number=due.attempts + 1,
        started_at=NOW,
        timings=Timings(dns_ms=1, connect_ms=2, tls_ms=3, first_byte_ms=4, total_ms=10),
        outcome=outcome,
        status_code=status,
        error=None if outcome is AttemptOutcome.DELIVERED else f"The receiver answered {status}.",
        response_headers={"content-type": "text/plain"},
        response_body=b"so be it",
        remote_ip="93.184.216.34",
    )
    return replace(attempt, **changes)


async def bring_to_active(context: Context, domain: Domain, *, actor: str = SYNC_ACTOR) -> Domain | None:
    """Records a look that saw the record in DNS and a served certificate."""
    facts = DnsFacts(
        hostname=domain.name, target=domain.cname_target, outcome="answered", exists=True, chain=(domain.cname_target,)
    )
    certificate = CloudflareCertificate(
        serial="0a", issuer="GoogleTrustServices", signature="ECDSAWithSHA256", issued_at=NOW, expires_at=NOW + 90 * DAY
    )
    seen = CloudflareHostname(
        id=f"cf-{domain.id}",
        hostname=domain.name,
        status="active",
        ssl_status="active",
        verification_errors=("a note of Cloudflare's",),
        certificates=(certificate,),
    )
    return await checks.record(context, domain.id, [DnsObservation(facts), seen], actor=actor)
