"""DNS records at Route 53."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from dcvd.config.oauth import OauthRoute53
from dcvd.core.connections.credentials import AwsKeys, AwsRole
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Permanent, Retryable, Unauthorized
from dcvd.providers.deadline import deadline
from dcvd.providers.route53 import api, sts
from dcvd.providers.route53.calls import Call
from dcvd.providers.route53.faults import PERMISSION_MISSING, UNAUTHORIZED, KeysExpired
from dcvd.providers.route53.roles import account_of
from dcvd.providers.route53.rrsets import RrSet, records_of, sets_of, whole_sets
from dcvd.providers.route53.sessions import AwsSessions, own_keys
from dcvd.providers.route53.sigv4 import SigningKeys
from dcvd.providers.route53.xml import Element

log = structlog.get_logger(__name__)

NameServers = Callable[[str], Awaitable[Collection[str]]]
"""The public name servers of a zone, lower case without the final dot; none where nobody says."""

_DEADLINE: Final = 40.0
_SYNC: Final = 60.0
"""Seconds in which a change is usually on all servers (Route 53 developer guide)."""
_FIRST_LOOK: Final = 1.0
_MOST_PAGES: Final = 10
_DEEPEST_ZONE: Final = 10
"""Labels: nobody has a zone below more, and each costs a call."""


class Route53Records:
    """With access keys, or with a role that our own identity assumes; `sessions` keeps what STS gave until it ends.

    name_servers: tells which of several zones of one name is the public one; without it they are refused.
    Raises Unavailable for a role where our own identity is not configured.
    sync: seconds to wait for a change to be everywhere; first_look: before the first question for it.
    """

    def __init__(
        self,
        config: OauthRoute53,
        credentials: AwsRole | AwsKeys,
        sessions: AwsSessions,
        name_servers: NameServers | None = None,
        *,
        sync: float = _SYNC,
        first_look: float = _FIRST_LOOK,
    ) -> None:
        if isinstance(credentials, AwsRole):
            own_keys(config)
        self._config = config
        self._credentials = credentials
        self._sessions = sessions
        self._name_servers = name_servers
        self._sync = sync
        self._first_look = first_look

    async def check(self) -> str | None:
        """The number of the account. Raises Unauthorized also where the credentials may not even list zones."""
        async with deadline(_DEADLINE, "Asking Route 53 for the credentials"):
            keys = await self._keys()
            identity = await sts.caller_identity(self._sessions.calls, self._config.token_url, keys)
            try:
                await self._call(api.list_zones(self._config.api_base_url, {}))
            except Permanent as error:
                if error.code == PERMISSION_MISSING:
                    raise Unauthorized(error.message, code=UNAUTHORIZED) from error
                raise
            return identity.account

    async def find_zone(self, name: str) -> Zone | None:
        """Raises Permanent with the code `zone_ambiguous` where several could be meant."""
        labels = name.split(".")
        async with deadline(_DEADLINE, f"Asking Route 53 for the zone of {name}"):
            for first in range(max(len(labels) - _DEEPEST_ZONE, 0), len(labels) - 1):
                candidate = ".".join(labels[first:])
                found = await self._public_zones(candidate)
                if found:
                    return Zone(id=await self._delegated(candidate, found), name=candidate)
        return None

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """Each value of a record set is a record; an alias is one with its target behind `ALIAS`."""
        query = api.from_name(name)
        sets: list[RrSet] = []
        async with deadline(_DEADLINE, f"Asking Route 53 for the records of {name}"):
            for _ in range(_MOST_PAGES):
                root = await self._call(api.list_sets(self._config.api_base_url, zone.id, query))
                page = api.read_sets(root)
                sets += [rrset for rrset in page.sets if rrset.name == name]
                if page.next is None or page.next_name != name:
                    return [record for rrset in sets for record in records_of(rrset)]
                query = page.next
        raise Permanent(f"There are more than {_MOST_PAGES * api.PAGE} record sets at {name}.", code="too_many_records")

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """In one batch, in which what is removed has to be there exactly as it was read, and what is added must not.

        Raises Retryable with the code `record_conflict` where it is otherwise, with `not_yet_in_sync` where the change
        was taken but is not on all servers in time; Permanent with `record_not_restorable`, before anything is changed,
        for a set that could not be made again.
        """
        changes = _changes(remove, add)
        if not changes:
            return
        async with deadline(_DEADLINE, f"Asking Route 53 for the change in {zone.name}"):
            root = await self._call(api.change_sets(self._config.api_base_url, zone.id, changes))
        change_id, everywhere = api.read_change(root)
        if not everywhere:
            await self._follow(zone, change_id)

    async def _follow(self, zone: Zone, change_id: str) -> None:
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + self._sync, self._first_look
        while loop.time() + pause < end:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 8.0)
            try:
                async with deadline(_DEADLINE, "Asking Route 53 for the change"):
                    root = await self._call(api.get_change(self._config.api_base_url, change_id))
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

    async def _public_zones(self, name: str) -> list[str]:
        """The ids of the public zones of exactly this name."""
        query = api.from_zone(name)
        found: list[str] = []
        for _ in range(_MOST_PAGES):
            page = api.read_zones(await self._call(api.list_zones(self._config.api_base_url, query)))
            found += [zone.id for zone in page.zones if zone.name == name and not zone.private]
            if page.next is None or not page.zones or page.zones[-1].name != name:
                break
            query = page.next
        return found

    async def _delegated(self, name: str, ids: list[str]) -> str:
        """Of several zones of one name, that which the public DNS leads to."""
        if len(ids) == 1:
            return ids[0]
        if self._name_servers is not None and len(ids) <= _MOST_PAGES:
            public = frozenset(await self._name_servers(name))
            for zone_id in ids:
                root = await self._call(api.get_zone(self._config.api_base_url, zone_id))
                if public & api.read_name_servers(root):
                    return zone_id
        raise Permanent(
            f"There are {len(ids)} public hosted zones of the name {name} ({', '.join(ids[:_MOST_PAGES])}), and none "
            f"of them is the one that the public DNS leads to. Delete those that are not used, or set the name servers "
            f"of {name} at its registrar to those of one of them.",
            code="zone_ambiguous",
        )

    async def _call(self, call: Call) -> Element:
        """Once more with new keys where a session ended before its time."""
        keys = await self._keys()
        try:
            return await self._sessions.calls.send(self._account, keys, call)
        except KeysExpired:
            if not isinstance(self._credentials, AwsRole):
                raise
            self._sessions.forget(self._config, self._credentials, keys)
        return await self._sessions.calls.send(self._account, await self._keys(), call)

    async def _keys(self) -> SigningKeys:
        if isinstance(self._credentials, AwsRole):
            return await self._sessions.keys(self._config, self._credentials)
        return SigningKeys(
            access_key_id=self._credentials.access_key_id, secret_access_key=self._credentials.secret_access_key
        )

    @property
    def _account(self) -> str:
        """Whose limits are used up, as far as it can be told."""
        if isinstance(self._credentials, AwsRole):
            return account_of(self._credentials.role_arn)
        return self._credentials.access_key_id


def _changes(remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> list[tuple[str, RrSet]]:
    """What is to be deleted, then what is to be created; of a set that loses some of its values, the rest is."""
    whole = whole_sets(remove)
    for rrset in whole:
        if not rrset.exact:
            raise Permanent(
                f"The {rrset.type} record set of {rrset.name} has settings that dcvd could not restore, such as a "
                "traffic policy's; it is left as it is. Remove it in Route 53 by hand.",
                code="record_not_restorable",
            )
    made: dict[tuple[str, str, str], RrSet] = {}
    for before, taken in zip(whole, sets_of(remove), strict=True):
        left = tuple(value for value in before.values if value not in taken.values)
        if left:
            made[before.key] = replace(before, values=left)
    for rrset in sets_of(add):
        rest = made.get(rrset.key)
        made[rrset.key] = rrset if rest is None else replace(rest, values=(*rest.values, *rrset.values))
    return [*(("DELETE", rrset) for rrset in whole), *(("CREATE", rrset) for rrset in made.values())]
