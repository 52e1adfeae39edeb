"""Read and change DNS records at Route 53."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from dcvd.config.provider_sections import Route53ProviderConfig
from dcvd.core.connections.credentials import AwsKeys, AwsRole
from dcvd.core.dns.provider_table import ROUTE_53
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Permanent, Retryable, Unauthorized
from dcvd.providers.owner_names import OwnerName, find_nearest_zone
from dcvd.providers.record_provider import AtomicProvider
from dcvd.providers.route53 import api, sts
from dcvd.providers.route53.calls import AwsCall
from dcvd.providers.route53.faults import PERMISSION_MISSING, UNAUTHORIZED, KeysExpired
from dcvd.providers.route53.names import read_name, to_absolute
from dcvd.providers.route53.roles import account_of
from dcvd.providers.route53.rrsets import RrSet, to_records, to_rrsets, to_whole_rrsets
from dcvd.providers.route53.sessions import AwsSessions, get_own_keys
from dcvd.providers.route53.sigv4 import SigningKeys
from dcvd.providers.route53.xml import Element

log = structlog.get_logger(__name__)

NameServerLookup = Callable[[str], Awaitable[Collection[str]]]
"""Returns the public name servers of a zone, in lower case without the final dot; empty if they are unknown."""

_DEADLINE_S: Final = 40.0
_SYNC_S: Final = 60.0
"""Seconds in which a change is usually on all servers (Route 53 developer guide)."""
_FIRST_POLL_S: Final = 1.0
_MAX_PAGES: Final = 10


class Route53Records(AtomicProvider):
    """Route 53's driver; it takes access keys, or a role that our own identity assumes.

    sessions: keeps the temporary keys of roles until they expire. name_servers: tells which of several zones of one
    name is the public one; without it they are refused. sync_s: seconds to wait until all servers have a change;
    first_poll_s: seconds before the first question whether they have it.
    Raises NotConfigured for a role if our own identity is not configured.
    """

    def __init__(
        self,
        config: Route53ProviderConfig,
        credentials: AwsRole | AwsKeys,
        sessions: AwsSessions,
        name_servers: NameServerLookup | None = None,
        *,
        sync_s: float = _SYNC_S,
        first_poll_s: float = _FIRST_POLL_S,
        deadline_s: float = _DEADLINE_S,
    ) -> None:
        super().__init__("Route 53", deadline_s=deadline_s, change_s=deadline_s + sync_s)
        if isinstance(credentials, AwsRole):
            get_own_keys(config)
        self._config = config
        self._credentials = credentials
        self._sessions = sessions
        self._name_servers = name_servers
        self._sync_s = sync_s
        self._first_poll_s = first_poll_s

    async def _check_credentials(self) -> str | None:
        """Return the number of the account. Raises Unauthorized also if the credentials may not list zones."""
        keys = await self._get_keys()
        identity = await sts.get_caller_identity(self._sessions.client, self._config.sts_url, keys)
        try:
            await self._call(api.build_list_zones(self._config.api_base_url, {}))
        except Permanent as error:
            if error.code == PERMISSION_MISSING:
                raise Unauthorized(error.message, code=UNAUTHORIZED) from error
            raise
        return identity.account

    async def _find_zone(self, name: str) -> Zone | None:
        """Find the public zone. Raises Permanent with the code `zone_ambiguous` if several could be meant."""
        return await find_nearest_zone(name, self._find_public_zone)

    async def _read(self, owner: OwnerName) -> list[ZoneRecord]:
        """Return a record for each value of a record set; the value of an alias is `ALIAS` and its target."""
        query = {"name": to_absolute(owner.name)}
        sets: list[RrSet] = []
        for _ in range(_MAX_PAGES):
            root = await self._call(api.build_list_sets(self._config.api_base_url, owner.zone.id, query))
            page_sets, next_query = api.read_sets(root)
            sets += [rrset for rrset in page_sets if rrset.name == owner.name]
            if next_query is None or read_name(next_query["name"]) != owner.name:
                return [record for rrset in sets for record in to_records(rrset)]
            query = next_query
        raise Permanent(
            f"There are more than {_MAX_PAGES * api.PAGE_SIZE} record sets at {owner.name}.", code="too_many_records"
        )

    async def _apply(self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Send one batch, which fails as a whole unless removed sets are as they were read and added ones do not exist.

        Raises Retryable with the code `not_yet_in_sync` if the change was accepted but does not reach all servers in
        time; Permanent with `record_not_restorable`, before anything is changed, for a set that could not be created
        again.
        """
        changes = _plan_changes(remove, add)
        root = await self._call(api.build_change_sets(self._config.api_base_url, owner.zone.id, changes))
        change_id, is_in_sync = api.read_change(root)
        if not is_in_sync:
            await self._wait_until_in_sync(owner.zone, change_id)

    async def _wait_until_in_sync(self, zone: Zone, change_id: str) -> None:
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + self._sync_s, self._first_poll_s
        while loop.time() + pause < end:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 8.0)
            try:
                root = await self._call(api.build_get_change(self._config.api_base_url, change_id))
            except Permanent as error:
                if error.code != PERMISSION_MISSING:
                    raise
                log.warning("route53.change_not_followed", zone=zone.name, error=error.message)
                return
            if api.read_change(root) == (change_id, True):
                return
        raise Retryable(
            f"Route 53 has taken the change in {zone.name}, but not yet brought it to all of its servers.",
            code="not_yet_in_sync",
        )

    async def _find_public_zone(self, name: str) -> Zone | None:
        """Return the public zone of exactly this name."""
        query = {"dnsname": to_absolute(name)}
        ids: list[str] = []
        for _ in range(_MAX_PAGES):
            root = await self._call(api.build_list_zones(self._config.api_base_url, query))
            zones, next_query = api.read_zones(root)
            ids += [zone.id for zone in zones if zone.name == name and not zone.private]
            if next_query is None or not zones or zones[-1].name != name:
                break
            query = next_query
        return await self._choose_delegated(name, ids) if ids else None

    async def _choose_delegated(self, name: str, ids: list[str]) -> Zone:
        """Return the only zone of a name, or the one of several that the public DNS delegates to."""
        if len(ids) == 1:
            return await self._build_zone(ids[0], name)
        if self._name_servers is not None and len(ids) <= _MAX_PAGES:
            public = frozenset(await self._name_servers(name))
            for zone_id in ids:
                zone = await self._build_zone(zone_id, name)
                if not public.isdisjoint(zone.nameservers):
                    return zone
        raise Permanent(
            f"There are {len(ids)} public hosted zones of the name {name} ({', '.join(ids[:_MAX_PAGES])}), and none "
            f"of them is the one that the public DNS leads to. Delete those that are not used, or set the name servers "
            f"of {name} at its registrar to those of one of them.",
            code="zone_ambiguous",
        )

    async def _build_zone(self, zone_id: str, name: str) -> Zone:
        nameservers = await self._fetch_name_servers(zone_id)
        return Zone(id=zone_id, name=name, nameservers=nameservers, provider=ROUTE_53.name)

    async def _fetch_name_servers(self, zone_id: str) -> tuple[str, ...]:
        """Return the name servers of a zone; none if the credentials may list zones, but not get one."""
        try:
            root = await self._call(api.build_get_zone(self._config.api_base_url, zone_id))
        except Permanent as error:
            if error.code != PERMISSION_MISSING:
                raise
            log.warning("route53.name_servers_not_read", zone_id=zone_id, error=error.message)
            return ()
        return api.read_name_servers(root)

    async def _call(self, call: AwsCall) -> Element:
        """Make a call; repeat it once with new keys if the session ended early."""
        keys = await self._get_keys()
        try:
            return await self._sessions.client.send(self._account, keys, call)
        except KeysExpired:
            if not isinstance(self._credentials, AwsRole):
                raise
            self._sessions.forget(self._config, self._credentials, keys)
        return await self._sessions.client.send(self._account, await self._get_keys(), call)

    async def _get_keys(self) -> SigningKeys:
        if isinstance(self._credentials, AwsRole):
            return await self._sessions.get_keys(self._config, self._credentials)
        return SigningKeys(
            access_key_id=self._credentials.access_key_id, secret_access_key=self._credentials.secret_access_key
        )

    @property
    def _account(self) -> str:
        """The account whose limits the calls count towards; for access keys, their id stands for it."""
        if isinstance(self._credentials, AwsRole):
            return account_of(self._credentials.role_arn)
        return self._credentials.access_key_id


def _plan_changes(remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> list[tuple[str, RrSet]]:
    """List the sets to delete, then those to create; a set that loses only some values is created with the rest."""
    whole = to_whole_rrsets(remove)
    for rrset in whole:
        if not rrset.exact:
            raise Permanent(
                f"The {rrset.type} record set of {rrset.name} has settings that dcvd could not restore, such as a "
                "traffic policy's; it is left as it is. Remove it in Route 53 by hand.",
                code="record_not_restorable",
            )
    created: dict[tuple[str, str, str], RrSet] = {}
    for before, removed in zip(whole, to_rrsets(remove), strict=True):
        remaining = tuple(value for value in before.values if value not in removed.values)
        if remaining:
            created[before.key] = replace(before, values=remaining)
    for rrset in to_rrsets(add):
        rest = created.get(rrset.key)
        created[rrset.key] = rrset if rest is None else replace(rest, values=(*rest.values, *rrset.values))
    return [*(("DELETE", rrset) for rrset in whole), *(("CREATE", rrset) for rrset in created.values())]
