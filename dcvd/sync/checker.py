"""One look at one domain: DNS and Cloudflare are asked at once, and what was seen is stored as one look."""

import asyncio
from typing import Final

from msgspec import Struct

from dcvd.core.domains.dns_facts import DnsCheckRequest, DnsObservation
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import CloudflareHostname, CloudflareHostnameAbsence
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.timeline import SYNC_ACTOR
from dcvd.custom_hostnames.budget import Urgency
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.errors import RemoteError
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.checks import CheckStart, DomainCheck
from dcvd.sync.recorder import CheckRecorder

_URGENCY_BY_LANE: Final = {
    CheckLane.WAITING: Urgency.SOON,
    CheckLane.ROUTINE: Urgency.ROUTINE,
    CheckLane.FAILING: Urgency.LAST,
}


class ListedHostname(Struct, frozen=True):
    """What a page of Cloudflare's list said of a hostname, and when it was asked for (milliseconds)."""

    cloudflare_hostname: CloudflareHostname
    asked_at: int


class _CheckAnswers(Struct, frozen=True):
    dns: DnsObservation
    cloudflare: CloudflareHostname | CloudflareHostnameAbsence | RemoteError | None
    asked_at: int
    start: CheckStart

    @property
    def observations(self) -> list[Observation]:
        if isinstance(self.cloudflare, CloudflareHostname | CloudflareHostnameAbsence):
            return [self.dns, self.cloudflare]
        return [self.dns]


class DomainChecker:
    """Used by the loop and by whoever wants a fresh look."""

    def __init__(self, context: Context, cloudflare: CloudflareClient, dns: DnsObserver, metrics: Metrics) -> None:
        self._context = context
        self._cloudflare = cloudflare
        self._dns = dns
        self._metrics = metrics
        self._recorder = CheckRecorder(context)

    async def check(self, domain: Domain, *, is_thorough: bool = False, actor: str = SYNC_ACTOR) -> Domain | None:
        """The domain as it is after the look; None when it was removed meanwhile.

        is_thorough: ask DNS everything, also where the record is right. actor: who wanted it, see `core.timeline`. When
        Cloudflare fails, what DNS said is stored all the same, and then its RemoteError is raised.
        """
        answers = await self._ask(domain, None, Urgency.NOW, is_thorough=is_thorough)
        looked = await checks.record(
            self._context,
            domain.id,
            answers.observations,
            asked_at=answers.asked_at,
            start=answers.start,
            actor=actor,
        )
        self._report_outcome(answers)
        return looked

    async def check_due(self, domain: Domain, lane: CheckLane, listed: ListedHostname | None = None) -> None:
        """A look of the loop's, stored together with others; with `listed` Cloudflare is not asked once more.

        Raises as `look` does.
        """
        answers = await self._ask(domain, listed, _URGENCY_BY_LANE[lane], is_thorough=False)
        await self._recorder.record(DomainCheck(domain.id, answers.observations, answers.asked_at, answers.start))
        self._report_outcome(answers)

    async def _ask(
        self, domain: Domain, listed: ListedHostname | None, urgency: Urgency, *, is_thorough: bool
    ) -> _CheckAnswers:
        question = DnsCheckRequest(
            hostname=domain.name,
            target=domain.cname_target,
            with_challenge=domain.validation == "delegated",
            is_thorough=is_thorough,
        )
        beginning = CheckStart(self._context.now(), domain.next_check_at)
        if listed is not None:
            return _CheckAnswers(
                await self._dns.observe(question), listed.cloudflare_hostname, listed.asked_at, beginning
            )
        async with asyncio.TaskGroup() as group:
            dns = group.create_task(self._dns.observe(question), name=f"look.dns.{domain.id}")
            cloudflare = group.create_task(self._ask_cloudflare(domain, urgency), name=f"look.cloudflare.{domain.id}")
        return _CheckAnswers(dns.result(), cloudflare.result(), beginning.started_at, beginning)

    async def _ask_cloudflare(
        self, domain: Domain, urgency: Urgency
    ) -> CloudflareHostname | CloudflareHostnameAbsence | RemoteError | None:
        if domain.cf_id is None:
            return None
        try:
            return await self._cloudflare.get(domain.cf_id, urgency=urgency)
        except RemoteError as error:
            # Kept until the other half of the look is stored; then it is raised with its cause.
            return error

    def _report_outcome(self, answers: _CheckAnswers) -> None:
        if isinstance(answers.cloudflare, RemoteError):
            self._metrics.count_check("cloudflare_failed")
            raise answers.cloudflare
        self._metrics.count_check("unanswered" if answers.dns.facts.outcome == "unanswered" else "seen")
