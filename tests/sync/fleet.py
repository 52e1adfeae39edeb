"""Many domains in a real store, a list of Cloudflare's, and a looker that notes what it was asked to look at."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from msgspec.structs import replace

from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.domain import DnsState, Domain, DomainStatus, new_domain
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.lifecycle.transitions import Observation
from dcvd.custom_hostnames.wire import CustomHostnamePage
from dcvd.errors import RemoteError
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction
from dcvd.sync.adaptive_rate import AdaptiveRate
from dcvd.sync.checker import ListedHostname
from dcvd.sync.loop import DueDomainChecker, SyncLoop
from dcvd.sync.sweep import HostnameLister, SweepTiming

DAY = 86_400_000


class Unpaced(AdaptiveRate):
    """Every look at once."""

    def reserve_turn(self, cost: int = 1) -> float:
        return 0.0


async def fleet(
    context: Context, org: str, count: int, *, first: int = 0, due: int = 1, **changes: object
) -> list[Domain]:
    """Active domains; their looks have been due for `due` milliseconds (less than nothing: will be)."""
    now = context.now()
    made = [
        replace(
            new_domain(
                domain_id=f"dom_{number:026d}",
                org_id=org,
                name=f"n{number}.customer.test",
                cname_target="edge.sandbox.test",
                now=now - 2 * DAY,
            ),
            status=DomainStatus.ACTIVE,
            dns_state=DnsState.VERIFIED,
            cf_id=f"cf-{number}",
            cf_status="active",
            cf_ssl_status="active",
            dns_checked_at=now - DAY,
            cf_checked_at=now - DAY,
            next_check_at=now - due,
        )
        for number in range(first, first + count)
    ]
    made = [replace(domain, **changes) for domain in made]

    def unit(tx: Transaction) -> None:
        for domain in made:
            domains.insert_all(tx, [domain])

    await context.database.write(unit)
    return made


def hostname(domain: Domain, status: str = "active") -> CloudflareHostname:
    """What Cloudflare says of a domain."""
    assert domain.cf_id is not None
    return CloudflareHostname(id=domain.cf_id, hostname=domain.name, status=status, ssl_status="active")


class Pages:
    """Cloudflare's list. `hold` keeps back every page after the first until it is set; a number in `broken` fails."""

    def __init__(self, *pages: Sequence[CloudflareHostname]) -> None:
        self.asked: list[int] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.broken: dict[int, RemoteError] = {}
        self._pages = pages

    @classmethod
    def of(cls, hostnames: Sequence[CloudflareHostname], size: int = 50) -> "Pages":
        return cls(*(hostnames[at : at + size] for at in range(0, len(hostnames), size)))

    def show(self, hostnames: Sequence[CloudflareHostname], size: int = 50) -> None:
        """The list is another from now on."""
        self._pages = tuple(hostnames[at : at + size] for at in range(0, len(hostnames), size))

    async def list_page(self, number: int) -> CustomHostnamePage:
        self.asked.append(number)
        if number > 1:
            await self.hold.wait()
        if number in self.broken:
            raise self.broken[number]
        found = list(self._pages[number - 1]) if number <= len(self._pages) else []
        return CustomHostnamePage(found, len(self._pages))


class Noting:
    """A looker that stores a good look for every domain, but never ends a look at those of `hanging`."""

    def __init__(self, context: Context, hanging: Callable[[Domain], bool] = lambda domain: False) -> None:
        self.singly: list[str] = []
        self.listed: list[str] = []
        self.hung: list[str] = []
        self._context = context
        self._hanging = hanging
        self.seconds = 0.0

    @property
    def looked(self) -> list[str]:
        """The names in the order of their looks, whichever way they were made."""
        return self.singly + self.listed

    async def check_due(self, domain: Domain, kind: CheckLane, listed: ListedHostname | None = None) -> None:
        if self._hanging(domain):
            self.hung.append(domain.name)
            await asyncio.Event().wait()
        await asyncio.sleep(self.seconds)
        (self.singly if listed is None else self.listed).append(domain.name)
        observations: list[Observation] = [verified(domain)]
        if listed is not None:
            observations.append(listed.cloudflare_hostname)
        elif domain.cf_id is not None:
            observations.append(hostname(domain))
        await checks.record(self._context, domain.id, observations)


def verified(domain: Domain, *, answered: bool = True) -> Observation:
    """What DNS said."""
    target = domain.cname_target
    if not answered:
        return DnsObservation(DnsFacts(hostname=domain.name, target=target, outcome="unanswered"))
    facts = DnsFacts(hostname=domain.name, target=target, outcome="answered", exists=True, chain=(target,))
    return DnsObservation(facts)


@asynccontextmanager
async def looking(
    context: Context,
    looker: DueDomainChecker,
    pages: HostnameLister,
    timing: SweepTiming | None = None,
    *,
    longest_check_s: float = 600,
) -> AsyncIterator[SyncLoop]:
    """The loop at work."""
    loop = SyncLoop(
        context,
        looker,
        pages,
        rate=Unpaced(),
        sweep_timing=timing,
        read_pause_s=0.02,
        longest_check_s=longest_check_s,
    )
    task = asyncio.create_task(loop.run())
    try:
        yield loop
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.wait([task])
        await loop.pool.drain(0.01)


def names(made: Collection[Domain]) -> set[str]:
    return {domain.name for domain in made}
