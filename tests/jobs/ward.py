"""Domains at a real sandbox, looked at and worked for when a test says so, by a clock that the test moves."""

from collections import Counter
from collections.abc import Sequence

from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.domain import Domain
from dcvd.core.jobs import Job, JobState
from dcvd.core.lifecycle.transitions import Observation
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.sandbox import Sandbox
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.lifecycle import checks
from dcvd.store import domains as store
from tests.manual_clock import ManualClock
from tests.performing import attempt
from tests.providing import access_of
from tests.services.views import all_jobs, event_names

NAME = "app.customer.test"


class Ward:
    """One organization's domains."""

    def __init__(
        self, context: Context, cloudflare: CloudflareClient, sandbox: Sandbox, clock: ManualClock, org: str
    ) -> None:
        self.context = context
        self.cloudflare = cloudflare
        self.sandbox = sandbox
        self.clock = clock
        self.org = org
        self.access = access_of(context)

    async def added(self, name: str = NAME) -> Domain:
        """A domain whose registration was tried once, whatever came of it."""
        domain = await additions.add(self.context, self.org, name)
        await self.work()
        return await self.domain(domain.id)

    async def registered(self, name: str = NAME) -> Domain:
        """A domain with its hostname at the sandbox, not looked at yet."""
        found = await self.added(name)
        assert found.cf_id is not None, [job.last_error for job in await self.pending()]
        return found

    async def domain(self, domain_id: str) -> Domain:
        return await queries.get(self.context, self.org, domain_id)

    async def look(self, domain_id: str, *, dns: bool | None = True) -> Domain:
        """A look by hand: DNS as given (right, wrong, or not asked), Cloudflare really asked."""
        before = await self.domain(domain_id)
        seen: list[Observation] = [] if dns is None else [checked(before, right=dns)]
        if before.cf_id is not None:
            seen.append(await self.cloudflare.get(before.cf_id))
        after = await checks.record(self.context, domain_id, seen)
        assert after is not None
        return after

    async def pending(self) -> list[Job]:
        return [job for job in await all_jobs(self.context, self.org) if job.state is JobState.PENDING]

    async def work(self) -> None:
        """Every pending job once, as the worker does it."""
        for job in await self.pending():
            await self.perform(job)

    async def perform(self, job: Job) -> None:
        """One try, as the worker makes it."""
        await attempt(self.context, self.access, job, self.cloudflare)

    async def stored(self, subjects: Sequence[Domain]) -> list[Domain]:
        """Those domains as they are now."""
        found = await self.context.database.read(
            lambda snapshot: [store.get(snapshot, subject.id) for subject in subjects]
        )
        return [domain for domain in found if domain is not None]

    async def events(self) -> Counter[str]:
        return Counter(await event_names(self.context, self.org))

    def calls(self, method: str) -> int:
        """Calls of the sandbox's API by that method."""
        return sum(count for call, count in self.sandbox.world.requests.items() if call.startswith(f"{method} /zones/"))


def checked(domain: Domain, *, right: bool) -> DnsObservation:
    """One check of DNS that saw the routing record, or that there is none."""
    chain = (domain.cname_target,) if right else ()
    return DnsObservation(
        DnsFacts(
            hostname=domain.name, target=domain.cname_target, outcome="answered", exists=right, chain=chain,
            is_registered=True,
        )
    )  # fmt: skip
