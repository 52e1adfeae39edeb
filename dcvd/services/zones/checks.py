"""Look for the record that proves a zone, and settle its organization's claims on names in it afterwards."""

import asyncio
from contextlib import AbstractContextManager
from typing import Final, Protocol

import structlog
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.domains.claims import PROOF_LABEL
from dcvd.core.domains.domain import Proof
from dcvd.core.timeline import DAEMON_ACTOR
from dcvd.core.zones.zone import Zone, ZoneStatus, count_check, is_proved_by, prove, wait_again
from dcvd.errors import RemoteError, TooManyRequests
from dcvd.services import timeline
from dcvd.services.context import Context
from dcvd.services.lifecycle import claims
from dcvd.services.zones import registry
from dcvd.store import domains, zones
from dcvd.store.engine.transactions import Transaction

log = structlog.get_logger(__name__)

_TIMEOUT_S: Final = 5.0
"""Seconds that a caller waits for a fresh check."""
_CLAIMS_AT_ONCE: Final = 50
"""The most claims that one unit of work proves, so that it holds the writer for only some milliseconds."""


class TextReader(Protocol):
    """Reads TXT records in DNS."""

    async def read_texts(self, name: str) -> tuple[str, ...]:
        """Return the TXT values at a name, also through CNAMEs. Raises RemoteError when nobody answers."""


class ZoneCheck(Struct, frozen=True):
    """A zone as it is stored, and whether that is what a check of just now observed."""

    zone: Zone
    is_fresh: bool


class ZoneChecker:
    """Checks zones, for the loop and for everybody who asks."""

    def __init__(self, context: Context, reader: TextReader) -> None:
        self._context = context
        self._reader = reader

    async def work_on(self, zone: Zone) -> None:
        """Do what is due for a zone: look for its record, or settle some of the claims in it."""
        if zone.status is ZoneStatus.PROVED:
            await settle_some(self._context, zone)
        else:
            await self._look(zone)

    async def check_now(
        self, context: Context, org_id: str, zone_id: str, admission: AbstractContextManager[None]
    ) -> ZoneCheck:
        """Check an organization's zone as far as `admission` and the time allow; one that was given up waits again.

        context: the caller's; what is found is stored by the daemon.

        Raises NotFound.
        """
        zone = await registry.get(context, org_id, zone_id)
        if zone.status is ZoneStatus.PROVED:
            return ZoneCheck(zone, is_fresh=True)
        is_fresh = False
        try:
            with admission:
                await context.database.write(lambda tx: _make_due(context, tx, zone_id))
                async with asyncio.timeout(_TIMEOUT_S):
                    is_fresh = await self._look(zone)
        except (TimeoutError, RemoteError, TooManyRequests) as error:
            log.info("zone.check_unfinished", zone_id=zone_id, error=str(error) or type(error).__name__)
        return ZoneCheck(await registry.get(context, org_id, zone_id), is_fresh)

    async def _look(self, zone: Zone) -> bool:
        """Look for the record and store what was found; return whether DNS answered."""
        texts: tuple[str, ...] | None = None
        try:
            texts = await self._reader.read_texts(f"{PROOF_LABEL}.{zone.name}")
        except RemoteError as error:
            log.info("zone.not_answered", zone=zone.name, zone_id=zone.id, error=error.message)
        await self._context.database.write(lambda tx: record(self._context, tx, zone.id, texts))
        return texts is not None


def record(context: Context, tx: Transaction, zone_id: str, texts: tuple[str, ...] | None) -> Zone | None:
    """Store what a look at a zone's `_dcvd` found, None for no answer; return the zone, None where it was removed."""
    stored = zones.get(tx, zone_id)
    if stored is None or stored.status is ZoneStatus.PROVED:
        return stored
    now = context.now()
    if texts is not None and is_proved_by(stored, texts):
        is_held = stored.name in zones.list_holders(tx, [stored.name])
        zone = (
            replace(stored, status=ZoneStatus.HELD, checked_at=now, next_check_at=None, updated_at=now)
            if is_held
            else prove(stored, now)
        )
        log.info("zone.proved", zone=zone.name, zone_id=zone.id, status=zone.status)
    else:
        if texts is not None and stored.status is ZoneStatus.HELD:
            stored = replace(stored, status=ZoneStatus.PENDING, updated_at=now)
        zone = count_check(
            stored,
            now,
            context.random_fraction(),
            is_answered=texts is not None,
            expire_after_ms=context.config.domains.dormant_after,
        )
    zones.update(tx, zone)
    return zone


async def settle_some(context: Context, zone: Zone) -> None:
    """Prove some of the claims of a proved zone's organization on names in it, in the order of the names.

    The other claims on these names end, except those with a strong proof, which stay with their holders. A stop in
    between loses nothing: it goes on behind the last name.
    """
    after = zone.settled_name or ""
    found = await context.database.read(
        lambda snapshot: domains.list_within(snapshot, zone.org_id, zone.name, after=after, limit=_CLAIMS_AT_ONCE)
    )

    def unit(tx: Transaction) -> None:
        stored = zones.get(tx, zone.id)
        if stored is None or stored.settled_name != zone.settled_name:
            return
        for domain in domains.find_by_ids(tx, [claim.id for claim in found]).values():
            if not domain.has_strong_proof:
                settlement = claims.prove(context, tx, domain, Proof.ZONE)
                timeline.record_check(context, tx, domain, settlement.domain, (), actor=DAEMON_ACTOR)
        is_last = len(found) < _CLAIMS_AT_ONCE
        zones.update(
            tx,
            replace(
                stored,
                settled_name=None if is_last else found[-1].name,
                next_check_at=None if is_last else context.now(),
            ),
        )

    await context.database.write(unit)


async def postpone(context: Context, zone: Zone, next_check_at: int) -> None:
    """Plan the next look at a zone after one that failed here, so that it never holds up the others."""

    def unit(tx: Transaction) -> None:
        stored = zones.get(tx, zone.id)
        if stored is not None and stored.next_check_at is not None:
            zones.update(tx, replace(stored, next_check_at=next_check_at))

    await context.database.write(unit)


def _make_due(context: Context, tx: Transaction, zone_id: str) -> None:
    zone = zones.get(tx, zone_id)
    if zone is not None:
        zones.update(tx, wait_again(zone, context.now()))
