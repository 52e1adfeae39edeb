"""The declaration of a kind of jobs: what they need, how they run, and how much of the worker they may take.

Whatever module of `dcvd.services` has a name that ends in `_job` declares one, and the worker finds it there.
"""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from dcvd.core.jobs import Job, JobKind, Outage
from dcvd.core.records.zone_use import HostAddresses, PublicZone
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.providers.driver import RecordDriver
from dcvd.services.context import Context
from dcvd.services.jobs.queue import RecordDeath

P = TypeVar("P", bound=Struct)


class PublicZones(Protocol):
    """Says which zones resolvers are led to, as `ZoneReader` of `dns/checks` does. Raises RemoteError."""

    async def find_public_zone(self, hostname: str) -> PublicZone:
        """Find the zone that DNS leads to for a hostname, with its name servers."""

    async def read_addresses(self, names: Sequence[str]) -> HostAddresses:
        """Return the addresses of hosts, all of them together. Never raises Retryable but for a limit of our own."""


class ConnectionAccess(Protocol):
    """Access to providers with a connection's credentials, as `ProviderAccess` of `services/connections` gives it."""

    @property
    def public_zones(self) -> PublicZones:
        """What DNS says about the zones that providers hold."""

    async def open_driver(self, org_id: str, connection_id: str) -> RecordDriver:
        """Open a driver with credentials that work now."""

    async def refresh_if_due(self, org_id: str, connection_id: str) -> None:
        """Refresh a connection if its refresh is due."""


class JobServices(Struct, frozen=True):
    """What jobs of all kinds work with."""

    context: Context
    cloudflare: CloudflareClient
    access: ConnectionAccess


class JobRun(Struct, Generic[P], frozen=True):
    """One attempt at a job."""

    services: JobServices
    job: Job
    payload: P

    @property
    def context(self) -> Context:
        """The context of the services."""
        return self.services.context


class Awaited(StrEnum):
    """What jobs of a kind mostly wait for while they hold their slots."""

    CLOUDFLARE = "cloudflare"
    CUSTOMERS = "customers"
    """Servers that customers chose, which may be slow on purpose."""
    NOTHING = "nothing"
    """Nothing outside: such jobs work on the database."""


class JobLimits(Struct, frozen=True, kw_only=True):
    """How many jobs of a kind run at once.

    share: of the worker's slots, but at least one. share_per_org: likewise for the jobs of one organization.
    is_one_per_connection: whether a connection has one job at a time.
    is_one_per_name: whether a domain name has one job at a time of all the kinds that say so, whoever's the jobs are.
    awaited: kinds that wait for the same are never without a slot because of those that wait for something else.
    count_free: counts how many may run now, None for any number; asked before each round.
    """

    share: float = 1.0
    share_per_org: float = 1.0
    is_one_per_connection: bool = False
    is_one_per_name: bool = False
    awaited: Awaited = Awaited.NOTHING
    count_free: Callable[[JobServices], int | None] | None = None


class JobDefinition(Struct, Generic[P], frozen=True, kw_only=True):
    """The declaration of one kind.

    perform: makes one attempt and stores the job's end with its result. Returns the job where it has stored that the
        attempt failed, with what follows from it. Raises RemoteError when the attempt failed and the worker is to store
        that; any other error is a fault of dcvd's own.
    rank: the order in which kinds get slots where nothing else tells them apart, the lowest first.
    outages: the failures that count as no attempt, and by which no job becomes a dead letter.
    record_death: records what follows for others from a job that became a dead letter; None where nothing does.
    """

    kind: JobKind[P]
    perform: Callable[[JobRun[P]], Awaitable[Job | None]]
    rank: int
    limits: JobLimits = JobLimits()
    outages: tuple[Outage, ...] = ()
    record_death: RecordDeath | None = None

    async def run(self, services: JobServices, job: Job) -> Job | None:
        """Make one attempt at a job, and return what `perform` returns.

        Raises what `perform` raises, and ValidationError for an unreadable payload.
        """
        return await self.perform(JobRun(services, job, self.kind.decode_payload(job)))
