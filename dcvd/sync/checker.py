"""One look at one domain: DNS and Cloudflare are asked at once, and what was seen is stored as one look."""

import asyncio
from typing import Final

from msgspec import Struct

from dcvd.core.domains.dns_facts import DnsObservation, DnsQuestion
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import HostnameGone, HostnameSeen
from dcvd.core.lifecycle.schedule import Lane
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.timeline import SYNC
from dcvd.custom_hostnames.budget import Urgency
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.errors import RemoteError
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.checks import Beginning, Look
from dcvd.sync.recorder import Recorder

_URGENCY: Final = {Lane.WAITING: Urgency.SOON, Lane.ROUTINE: Urgency.ROUTINE, Lane.FAILING: Urgency.LAST}


class Listed(Struct, frozen=True):
    """What a page of Cloudflare's list said of a hostname, and when it was asked for (milliseconds)."""

    seen: HostnameSeen
    asked_at: int


class _Answers(Struct, frozen=True):
    dns: DnsObservation
    cloudflare: HostnameSeen | HostnameGone | RemoteError | None
    asked_at: int
    beginning: Beginning

    @property
    def observations(self) -> list[Observation]:
        if isinstance(self.cloudflare, HostnameSeen | HostnameGone):
            return [self.dns, self.cloudflare]
        return [self.dns]


class Looker:
    """Used by the loop and by whoever wants a fresh look."""

    def __init__(self, context: Context, cloudflare: CloudflareClient, dns: DnsObserver, metrics: Metrics) -> None:
        self._context = context
        self._cloudflare = cloudflare
        self._dns = dns
        self._metrics = metrics
        self._recorder = Recorder(context)

    async def look(self, domain: Domain, *, thorough: bool = False, actor: str = SYNC) -> Domain | None:
        """The domain as it is after the look; None when it was removed meanwhile.

        thorough: ask DNS everything, also where the record is right. actor: who wanted it, see `core.timeline`. When
        Cloudflare fails, what DNS said is stored all the same, and then its RemoteError is raised.
        """
        answers = await self._ask(domain, None, Urgency.NOW, thorough=thorough)
        looked = await checks.record(
            self._context,
            domain.id,
            answers.observations,
            asked_at=answers.asked_at,
            beginning=answers.beginning,
            actor=actor,
        )
        self._conclude(answers)
        return looked

    async def look_in_turn(self, domain: Domain, kind: Lane, listed: Listed | None = None) -> None:
        """A look of the loop's, stored together with others; with `listed` Cloudflare is not asked once more.

        Raises as `look` does.
        """
        answers = await self._ask(domain, listed, _URGENCY[kind], thorough=False)
        await self._recorder.record(Look(domain.id, answers.observations, answers.asked_at, answers.beginning))
        self._conclude(answers)

    async def _ask(self, domain: Domain, listed: Listed | None, urgency: Urgency, *, thorough: bool) -> _Answers:
        question = DnsQuestion(
            hostname=domain.name,
            target=domain.cname_target,
            challenge=domain.validation == "delegated",
            thorough=thorough,
        )
        beginning = Beginning(self._context.now(), domain.next_sync_at)
        if listed is not None:
            return _Answers(await self._dns.observe(question), listed.seen, listed.asked_at, beginning)
        async with asyncio.TaskGroup() as group:
            dns = group.create_task(self._dns.observe(question), name=f"look.dns.{domain.id}")
            cloudflare = group.create_task(self._ask_cloudflare(domain, urgency), name=f"look.cloudflare.{domain.id}")
        return _Answers(dns.result(), cloudflare.result(), beginning.at, beginning)

    async def _ask_cloudflare(
        self, domain: Domain, urgency: Urgency
    ) -> HostnameSeen | HostnameGone | RemoteError | None:
        if domain.cf_id is None:
            return None
        try:
            return await self._cloudflare.get(domain.cf_id, urgency=urgency)
        except RemoteError as error:
            # Kept until the other half of the look is stored; then it is raised with its cause.
            return error

    def _conclude(self, answers: _Answers) -> None:
        if isinstance(answers.cloudflare, RemoteError):
            self._metrics.look("cloudflare_failed")
            raise answers.cloudflare
        self._metrics.look("unanswered" if answers.dns.facts.outcome == "unanswered" else "seen")
