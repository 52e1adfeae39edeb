"""Whatever happens to a domain and its jobs: it waits only for somebody who will act, else it is active or an error."""

import os
from collections.abc import Awaitable, Callable
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from dcvd.core.domains.domain import WAITING_STATUSES, Domain, DomainStatus
from dcvd.core.domains.observations import (
    CloudflareCertificate,
    CloudflareHostname,
    CloudflareHostnameAbsence,
    CloudflareObservation,
)
from dcvd.core.instants import DAY, HOUR
from dcvd.core.jobs import Job, JobState
from dcvd.core.lifecycle import remedies
from dcvd.errors import Permanent, Retryable
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import checks, register_job
from dcvd.services.lifecycle.remedy_jobs import REGISTER, REVALIDATE
from dcvd.store.jobs import jobs
from tests.examples import examples
from tests.jobs.ward import checked
from tests.manual_clock import ManualClock
from tests.performing import BY_NAME


class Model:
    """One domain, what Cloudflare and DNS say of it, and what becomes of its jobs."""

    def __init__(self, context: Context, clock: ManualClock, domain: Domain) -> None:
        self.context = context
        self.clock = clock
        self.org = domain.org_id
        self.domain_id = domain.id
        self.registrations = 0

    async def domain(self) -> Domain:
        return await queries.get(self.context, self.org, self.domain_id)

    async def jobs(self, state: JobState) -> list[Job]:
        found = await self.context.database.read(
            lambda snapshot: jobs.list_of_domain(snapshot, self.domain_id, (0, ""), newest_first=False, limit=500)
        )
        return [job for job in found if job.state is state and job.kind in (REGISTER.name, REVALIDATE.name)]

    async def check(self, *, right: bool, status: str | None = None, ssl: str | None = None) -> None:
        """A check; without `status`, Cloudflare does not have the hostname or was not asked."""
        domain = await self.domain()
        observations = [checked(domain, right=right), *self._answers(domain, status, ssl)]
        await checks.record(self.context, self.domain_id, observations)

    async def lose(self) -> None:
        domain = await self.domain()
        if domain.cf_id is not None:
            await checks.record(self.context, self.domain_id, [CloudflareHostnameAbsence(domain.cf_id)])

    async def fail(self, *, until_dead: bool) -> None:
        for job in await self.jobs(JobState.PENDING):
            definition = BY_NAME[job.kind]
            error = Retryable("It hiccuped.", code="odd")
            failed = await queue.fail(self.context, job, error, definition.outages, definition.record_death)
            while until_dead and failed.state is JobState.PENDING:
                failed = await queue.fail(self.context, failed, error, definition.outages, definition.record_death)

    async def refuse(self) -> None:
        for job in await self.jobs(JobState.PENDING):
            if job.kind == REGISTER.name:
                await register_job.record_refused(self.context, job, Permanent("Taken.", code="hostname_taken"))

    async def succeed(self) -> None:
        for job in await self.jobs(JobState.PENDING):
            domain = await self.domain()
            if job.kind == REGISTER.name and domain.cf_id is None:
                self.registrations += 1
                hostname = self._hostname(domain, f"{domain.id}-{self.registrations}", "pending", "initializing")
                await register_job.record_registered(self.context, job, hostname)
            else:
                await queue.complete(self.context, job)

    async def retry(self) -> None:
        for job in await self.jobs(JobState.DEAD):
            await queue.retry(self.context, self.org, job.id)

    async def wait(self, milliseconds: int) -> None:
        self.clock.advance(milliseconds)

    async def hold_to_promises(self) -> None:
        domain = await self.domain()
        is_registering = any(job.kind == REGISTER.name for job in await self.jobs(JobState.PENDING))
        is_known = domain.cf_id is not None
        assert (domain.error is not None) == (domain.status is DomainStatus.ERROR)
        if domain.status in WAITING_STATUSES:
            assert is_known or is_registering, "it waits for nobody"
        if not is_known and not is_registering:
            assert domain.status is DomainStatus.ERROR
        if domain.awaits_reregistration and not is_registering:
            assert remedies.propose_remedy(domain, ()) is not None, "its error promises a registration"
        assert domain.next_check_at <= self.clock.now() + DAY

    def _answers(self, domain: Domain, status: str | None, ssl: str | None) -> list[CloudflareObservation]:
        if domain.cf_id is None or status is None:
            return []
        return [self._hostname(domain, domain.cf_id, status, ssl)]

    def _hostname(self, domain: Domain, cf_id: str, status: str, ssl: str | None) -> CloudflareHostname:
        now = self.clock.now()
        served = CloudflareCertificate(serial="01", issued_at=now - DAY, expires_at=now + 89 * DAY)
        certificates = (served,) if ssl == "active" else ()
        return CloudflareHostname(
            id=cf_id, hostname=domain.name, status=status, ssl_status=ssl, certificates=certificates
        )


Step = Callable[[Model], Awaitable[None]]
STEPS: Final[dict[str, Step]] = {
    "right": lambda model: model.check(right=True),
    "wrong": lambda model: model.check(right=False),
    "pending": lambda model: model.check(right=True, status="pending", ssl="pending_validation"),
    "active": lambda model: model.check(right=True, status="active", ssl="active"),
    "moved": lambda model: model.check(right=False, status="moved", ssl="active"),
    "blocked": lambda model: model.check(right=True, status="blocked", ssl="initializing"),
    "timed_out": lambda model: model.check(right=True, status="active", ssl="validation_timed_out"),
    "deleted": lambda model: model.check(right=True, status="deleted", ssl="deleted"),
    "strange": lambda model: model.check(right=True, status="hibernating", ssl="hibernating"),
    "lost": lambda model: model.lose(),
    "job_failed": lambda model: model.fail(until_dead=False),
    "job_died": lambda model: model.fail(until_dead=True),
    "job_refused": lambda model: model.refuse(),
    "job_done": lambda model: model.succeed(),
    "job_retried": lambda model: model.retry(),
    "hour": lambda model: model.wait(HOUR),
    "days": lambda model: model.wait(2 * DAY),
}


@pytest.mark.timeout(600)
@examples(1.5, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(list(STEPS)), min_size=1, max_size=20))
async def test_a_domain_for_which_nobody_will_act_is_active_or_an_error(
    context: Context, clock: ManualClock, org: str, steps: list[str]
) -> None:
    domain = await additions.add(context, org, f"{os.urandom(8).hex()}.customer.test")
    model = Model(context, clock, domain)
    await model.hold_to_promises()
    for step in steps:
        await STEPS[step](model)
        await model.hold_to_promises()
