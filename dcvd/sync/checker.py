"""Check one domain: ask DNS and Cloudflare at once, and store their answers as one check."""

import asyncio
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.custom_hostnames.edge import EdgeObservation, EdgeOutcome
from dcvd.core.diagnosis.edge import is_edge_finding
from dcvd.core.dns.facts import DnsCheckRequest, DnsObservation
from dcvd.core.domains.claims import wants_proof_text
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import CloudflareHostname, CloudflareHostnameAbsence, ParkedHostname
from dcvd.core.lifecycle.probes import wants_probe
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.timeline import SYNC_ACTOR
from dcvd.custom_hostnames.budget import Urgency
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.edge_probe import EdgeProber
from dcvd.custom_hostnames.urgency import URGENCY_BY_LANE
from dcvd.dns import DnsObserver
from dcvd.errors import RemoteError
from dcvd.kit.tracing import TRACING, Span
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.checks import CheckStart, DomainCheck
from dcvd.sync.recorder import CheckRecorder

_CloudflareAnswer = CloudflareHostname | CloudflareHostnameAbsence | ParkedHostname | RemoteError | None
_PROBE_TIMEOUT_S: Final = 4.0
_REQUEST_S: Final = 4.5
"""A person waits for 5 s, and an answer of DNS is not to be lost for a probe."""
_LEAST_PROBE_S: Final = 2.5


def _describe(span: Span, domain: Domain, *, is_requested: bool) -> None:
    span.set("dcvd.domain_id", domain.id)
    span.set("dcvd.org_id", domain.org_id)
    span.set("dcvd.requested", is_requested)


class ListedHostname(Struct, frozen=True):
    """A hostname as a page of Cloudflare's list showed it. asked_at: when the page was requested (milliseconds)."""

    cloudflare_hostname: CloudflareHostname
    asked_at: int


class _CheckAnswers(Struct, frozen=True):
    dns: DnsObservation
    cloudflare: _CloudflareAnswer
    asked_at: int
    start: CheckStart
    edge: EdgeObservation | None = None

    @property
    def observations(self) -> list[Observation]:
        cloudflare = None if isinstance(self.cloudflare, RemoteError) else self.cloudflare
        return [each for each in (self.dns, cloudflare, self.edge) if each is not None]


class DomainChecker:
    """Checks domains, for the loop and for everybody who requests a check."""

    def __init__(
        self,
        context: Context,
        cloudflare: CloudflareClient,
        dns: DnsObserver,
        metrics: Metrics,
        edge: EdgeProber | None = None,
    ) -> None:
        """`edge` None: nothing is probed."""
        self._context = context
        self._cloudflare = cloudflare
        self._dns = dns
        self._metrics = metrics
        self._edge = edge
        self._recorder = CheckRecorder(context)

    async def check(
        self,
        domain: Domain,
        *,
        is_thorough: bool = False,
        actor: str = SYNC_ACTOR,
        request_id: str | None = None,
    ) -> Domain | None:
        """Check a domain, and return it as it is afterwards; None when it was removed meanwhile.

        is_thorough: ask DNS everything, even where the record is right. actor: who requested it, see `core.timeline`.
        request_id: that of their HTTP request, of which the events come then.
        When Cloudflare fails, the answers of DNS are stored all the same, and then the RemoteError is raised.
        """
        with TRACING.span("domain check") as span:
            _describe(span, domain, is_requested=True)
            answers = await self._ask(domain, None, Urgency.NOW, is_thorough=is_thorough, is_requested=True)
            checked_domain = await checks.record(
                self._context.for_request(request_id),
                domain.id,
                answers.observations,
                asked_at=answers.asked_at,
                start=answers.start,
                actor=actor,
            )
            self._report_outcome(answers)
            return checked_domain

    async def check_due(self, domain: Domain, lane: CheckLane, listed: ListedHostname | None = None) -> None:
        """Check a due domain, and store the check together with others. With `listed`, Cloudflare is not asked again.

        Raises what `check` raises.
        """
        with TRACING.span("domain check") as span:
            _describe(span, domain, is_requested=False)
            span.set("dcvd.lane", lane.value)
            answers = await self._ask(domain, listed, URGENCY_BY_LANE[lane], is_thorough=False, is_requested=False)
            await self._recorder.record(DomainCheck(domain.id, answers.observations, answers.asked_at, answers.start))
            self._report_outcome(answers)

    async def _ask(
        self,
        domain: Domain,
        listed: ListedHostname | None,
        urgency: Urgency,
        *,
        is_thorough: bool,
        is_requested: bool,
    ) -> _CheckAnswers:
        start_time = asyncio.get_running_loop().time()
        answers = await self._ask_dns_and_cloudflare(domain, listed, urgency, is_thorough=is_thorough)
        elapsed_s = asyncio.get_running_loop().time() - start_time
        return replace(answers, edge=await self._probe(domain, answers, elapsed_s, is_requested=is_requested))

    async def _probe(
        self, domain: Domain, answers: _CheckAnswers, elapsed_s: float, *, is_requested: bool
    ) -> EdgeObservation | None:
        """Probe what serves the hostname, where that is wanted, and in the time that whoever waits has left."""
        mode, answer, facts = self._context.config.sync.probe, answers.cloudflare, answers.dns.facts
        if self._edge is None or isinstance(answer, CloudflareHostnameAbsence | ParkedHostname):
            return None
        hostname = answer if isinstance(answer, CloudflareHostname) else None
        timeout_s = min(_PROBE_TIMEOUT_S, _REQUEST_S - elapsed_s) if is_requested else _PROBE_TIMEOUT_S
        if mode == "never" and any(map(is_edge_finding, domain.findings)):
            return EdgeObservation(outcome=EdgeOutcome.NOT_PROBED)
        if timeout_s < _LEAST_PROBE_S or not wants_probe(domain, hostname, mode, is_requested=is_requested):
            return None
        leads_to_target = facts.target in facts.chain
        if facts.outcome == "unanswered" or (not leads_to_target and (facts.is_incomplete or not facts.addresses)):
            return None  # Where browsers are sent is not known.
        addresses = () if leads_to_target else facts.addresses
        return await self._edge.probe(domain.name, domain.cname_target, addresses, timeout_s=timeout_s)

    async def _ask_dns_and_cloudflare(
        self, domain: Domain, listed: ListedHostname | None, urgency: Urgency, *, is_thorough: bool
    ) -> _CheckAnswers:
        dns_request = DnsCheckRequest(
            hostname=domain.name,
            target=domain.cname_target,
            with_challenge=domain.validation == "delegated",
            challenge_target=domain.challenge_target,
            with_names_below=domain.wildcard,
            with_proof=wants_proof_text(domain),
            is_thorough=is_thorough,
        )
        start = CheckStart(self._context.now(), domain.next_check_at)
        if listed is not None:
            return _CheckAnswers(
                await self._dns.observe(dns_request), listed.cloudflare_hostname, listed.asked_at, start
            )
        async with asyncio.TaskGroup() as group:
            cloudflare_task = group.create_task(
                self._ask_cloudflare(domain, urgency), name=f"check.cloudflare.{domain.id}"
            )
            observation = await self._dns.observe(dns_request)
        return _CheckAnswers(observation, cloudflare_task.result(), start.started_at, start)

    async def _ask_cloudflare(self, domain: Domain, urgency: Urgency) -> _CloudflareAnswer:
        if domain.cf_id is None and not domain.is_parked:
            return None
        try:
            if domain.cf_id is None:
                # Its hostname is another claim's. As for others, the check is complete if Cloudflare answers.
                await self._cloudflare.find(domain.name, urgency=urgency, owner=domain.org_id)
                return ParkedHostname()
            return await self._cloudflare.get(domain.cf_id, urgency=urgency, owner=domain.org_id)
        except RemoteError as error:
            # Returned, not raised: the other half of the check is stored first, then `_report_outcome` raises it.
            return error

    def _report_outcome(self, answers: _CheckAnswers) -> None:
        if isinstance(answers.cloudflare, RemoteError):
            self._metrics.count_check("cloudflare_failed")
            raise answers.cloudflare
        self._metrics.count_check("unanswered" if answers.dns.facts.outcome == "unanswered" else "seen")
