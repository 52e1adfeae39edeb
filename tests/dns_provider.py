"""A DNS provider in memory, which does what a test tells it; the way to it is the only thing that is not real."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from dcvd.core.connections.connection import Connection, Provider
from dcvd.core.connections.credentials import ApiToken
from dcvd.core.dns.hostnames import is_within, registrable_domain
from dcvd.core.records.zone_use import HostAddresses, PublicZone
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import OwnLimitReached, RecordConflict, RemoteError, Retryable
from dcvd.providers.driver import RecordDriver
from dcvd.services.connections import creation, queries
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.usage import ConnectionUsage
from dcvd.services.context import Context
from dcvd.services.jobs.definition import PublicZones
from tests.marked import marked
from tests.unreliable_database import Fate


class Killed(BaseException):
    """The process ends here."""


class ZoneAtProvider:
    """One zone, as it stands there.

    forgotten: a zone further down that the account holds beside it.
        is_stuck: no zone is ever found, nor is it said that there is none. refuses: raised instead of finding it.
    while_read: awaited once, in the middle of the next read. between: called once, when the next change has come and
    nothing was changed yet. says_yes_and_does_nothing: at each change.
    """

    def __init__(self, name: str = "customer.test") -> None:
        self.zone = Zone(id="zone-1", name=name)
        self.forgotten: Zone | None = None
        self.records: list[ZoneRecord] = []
        self.changes = 0
        self.is_stuck = False
        self.refuses: RemoteError | None = None
        self.while_read: Callable[[], Awaitable[object]] | None = None
        self.between: Callable[[], None] | None = None
        self.says_yes_and_does_nothing = False
        self._failure: tuple[BaseException, Fate] | None = None

    def add(self, kind: str, value: str, name: str = "app.customer.test", ttl: int | None = 300) -> None:
        """As its owner does it by hand."""
        identifier = str(len(self.records) + 100 * self.changes)
        self.records.append(ZoneRecord(type=kind, name=name, value=value, ttl=ttl, id=identifier, raw="{}"))

    def clear(self) -> None:
        self.records = []

    def fail_next_change(self, error: BaseException, fate: Fate = Fate.LOST) -> None:
        """Have the next change raise an error, whatever becomes of it."""
        self._failure = error, fate

    def fail_no_change(self) -> None:
        """Have the next change succeed after all."""
        self._failure = None

    @property
    def standing(self) -> list[str]:
        """What stands there, for people."""
        return sorted(f"{each.name} {each.type} {each.value}" for each in self.records)

    async def check_credentials(self) -> str | None:
        return "Customer"

    async def find_zone(self, name: str) -> Zone | None:
        if self.is_stuck:
            await asyncio.Event().wait()
        if self.refuses is not None:
            raise self.refuses
        if self.forgotten is not None and is_within(name, self.forgotten.name):
            return self.forgotten
        return self.zone if is_within(name, self.zone.name) else None

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        assert zone == self.zone
        if self.while_read is not None:
            while_read, self.while_read = self.while_read, None
            await while_read()
        return [each for each in self.records if each.name == name]

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        assert zone == self.zone
        self.changes += 1
        if self.between is not None:
            between, self.between = self.between, None
            between()
        failure, self._failure = self._failure, None
        if failure is not None and failure[1] is Fate.LOST:
            raise failure[0]
        if self.says_yes_and_does_nothing:
            return
        if any(each not in self.records for each in remove):
            raise RecordConflict("A record was changed since it was read.")
        self.records = [each for each in self.records if each not in remove]
        for each in add:
            self.add(each.type, each.value, each.name, each.ttl)
        if failure is not None:
            raise failure[0]


class PublicDns:
    """What DNS says: the zone of every hostname, and the addresses of name servers.

    zone: None for the registrable domain of each, of which nobody says the servers. is_silent: nobody answers.

    silent: those of which nobody says whether they have any.
    """

    def __init__(self) -> None:
        self.zone: PublicZone | None = None
        self.is_silent = False
        self.addresses: dict[str, str] = {}
        self.silent: set[str] = set()
        self.is_out_of_sockets = False

    async def find_public_zone(self, hostname: str) -> PublicZone:
        if self.is_out_of_sockets:
            raise OwnLimitReached("No name server could be asked.")
        if self.is_silent:
            raise Retryable(f"The name servers of {hostname} gave no answer.", code="dns_unavailable")
        return self.zone or PublicZone(name=registrable_domain(hostname))

    async def read_addresses(self, names: Sequence[str]) -> HostAddresses:
        return HostAddresses(
            found=frozenset(self.addresses[name] for name in names if name in self.addresses),
            unanswered=tuple(name for name in names if name in self.silent),
        )


class OneProvider(ProviderAccess):
    """Leads every connection to one zone, or those in `others` to theirs; whose a connection is, is asked as in
    earnest."""

    def __init__(self, context: Context, zone: ZoneAtProvider) -> None:
        self._stored = context
        self._zone = zone
        self.usage = ConnectionUsage()
        self.others: dict[str, ZoneAtProvider] = {}
        self.public_dns = PublicDns()

    @property
    def public_zones(self) -> PublicZones:
        return self.public_dns

    async def open_driver(self, org_id: str, connection_id: str) -> RecordDriver:
        await queries.get(self._stored, self.usage, org_id, connection_id)
        return self.others.get(connection_id, self._zone)


def lost() -> Retryable:
    """An answer that did not come."""
    return Retryable("The answer was lost.", code="provider_unavailable")


async def connect(context: Context, org_id: str, link_id: str | None = None) -> Connection:
    """A connection of an organization, made by a link if one is given."""
    return await creation.create(
        context,
        org_id,
        Provider.CLOUDFLARE,
        ApiToken(token=Secret(marked("dns-provider"))),
        account="Customer",
        scopes=(),
        expires_at=None,
        refresh_at=None,
        actor="operator",
        link_id=link_id,
    )
