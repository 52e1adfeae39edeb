"""One look at one domain: DNS and Cloudflare are asked at once, and what was seen is stored as one look."""

import asyncio

from dcvd.cloudflare.client import CloudflareClient
from dcvd.core.dns_facts import DnsObservation, DnsQuestion
from dcvd.core.domain import Domain
from dcvd.core.lifecycle import Observation
from dcvd.core.observation import HostnameGone, HostnameSeen
from dcvd.core.timeline import SYNC
from dcvd.dns import DnsObserver
from dcvd.errors import RemoteError
from dcvd.metrics import Metrics
from dcvd.services import looks
from dcvd.services.context import Context


class Looker:
    """Used by the loop and by whoever wants a fresh look."""

    def __init__(self, context: Context, cloudflare: CloudflareClient, dns: DnsObserver, metrics: Metrics) -> None:
        self._context = context
        self._cloudflare = cloudflare
        self._dns = dns
        self._metrics = metrics

    async def look(self, domain: Domain, *, thorough: bool = False, actor: str = SYNC) -> Domain | None:
        """The domain as it is after the look; None when it was removed meanwhile.

        thorough: DNS is asked for all that there is to know. actor: who wanted the look, see `core.timeline`.
        When Cloudflare fails, what DNS said is stored all the same, and then its RemoteError is raised.
        """
        async with asyncio.TaskGroup() as group:
            dns = group.create_task(
                self._dns.observe(_question(domain, thorough=thorough)), name=f"look.dns.{domain.id}"
            )
            cloudflare = group.create_task(self._ask_cloudflare(domain), name=f"look.cloudflare.{domain.id}")
        observation: DnsObservation = dns.result()
        answer = cloudflare.result()
        observations: list[Observation] = [observation]
        if isinstance(answer, HostnameSeen | HostnameGone):
            observations.append(answer)
        looked = await looks.record(self._context, domain.id, observations, actor=actor)
        if isinstance(answer, RemoteError):
            self._metrics.look("cloudflare_failed")
            raise answer
        self._metrics.look("unanswered" if observation.facts.outcome == "unanswered" else "seen")
        return looked

    async def _ask_cloudflare(self, domain: Domain) -> HostnameSeen | HostnameGone | RemoteError | None:
        if domain.cf_id is None:
            return None
        try:
            return await self._cloudflare.get(domain.cf_id)
        except RemoteError as error:
            # Kept until the other half of the look is stored; then it is raised with its cause.
            return error


def _question(domain: Domain, *, thorough: bool) -> DnsQuestion:
    return DnsQuestion(
        hostname=domain.name,
        target=domain.cname_target,
        challenge=domain.validation == "delegated",
        thorough=thorough,
    )
