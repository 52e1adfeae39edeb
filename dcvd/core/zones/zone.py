"""A zone that an organization claims as a whole: how it is proved, and when it is looked at again."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.dns.hostnames import is_shared_suffix, normalise, registrable_domain
from dcvd.core.domains.claims import proof_text
from dcvd.core.domains.targets import belongs_to_service, service_name
from dcvd.core.instants import HOUR, MINUTE
from dcvd.core.retry_delays import add_jitter, cloudflare_backoff_ms
from dcvd.errors import InvalidInput

_FIRST_INTERVAL_MS: Final = MINUTE
_MAX_COUNTED_MS: Final = 6 * HOUR
"""The most that one check adds to the time for which a zone was unproved: no step of the clock ends its wait."""


class ZoneStatus(StrEnum):
    """The status of a zone."""

    PENDING = "pending"
    PROVED = "proved"
    HELD = "held"
    """It is proved, but another organization proved it before."""
    EXPIRED = "expired"
    """Its record was missing for so long that it is not looked for any more, until somebody asks."""


class Zone(Struct, frozen=True, kw_only=True):
    """A zone of an organization; instants are in milliseconds.

    settled_name: after the proof, the last of its organization's names in it whose claim was proved too; None when all
        are. checks: checks since it was last asked for. unproved_ms: for how long checks have found it unproved.
    next_check_at: None when nothing is left to do.
    """

    id: str
    org_id: str
    name: str
    status: ZoneStatus = ZoneStatus.PENDING
    proved_at: int | None = None
    settled_name: str | None = None
    checks: int = 0
    unproved_ms: int = 0
    checked_at: int | None = None
    next_check_at: int | None
    created_at: int
    updated_at: int


def new_zone(*, zone_id: str, org_id: str, name: str, now: int) -> Zone:
    """Return a zone that was just added; its first check is due at once."""
    return Zone(id=zone_id, org_id=org_id, name=name, next_check_at=now, created_at=now, updated_at=now)


def validate_zone_name(text: str, *, target: str, allowed_tlds: Collection[str]) -> str:
    """Return the normal form of a zone's name; `target` is the configured one.

    Raises InvalidInput for no name, for the service's own, and for a public suffix, below which others register.
    """
    name = normalise(text, allowed_tlds=allowed_tlds, field="name")
    if is_shared_suffix(name) and name.rpartition(".")[2] not in allowed_tlds:
        raise InvalidInput(
            "name", f"Names below {name} belong to others; give a zone of your own.", code="hostname_invalid"
        )
    if belongs_to_service(name, target) or belongs_to_service(service_name(target), name):
        raise InvalidInput("name", f"{name} has names of this service itself.", code="hostname_invalid")
    return name


def enclosing_names(name: str) -> tuple[str, ...]:
    """Return a name and all above it whose zones it can be in, the nearest first.

    What is above a public suffix has no say in what others registered below the suffix.
    """
    top = registrable_domain(name)
    count = name.count(".") - top.count(".") + 1
    labels = name.split(".")
    return tuple(".".join(labels[start:]) for start in range(count))


def find_holder(name: str, holders: Mapping[str, str]) -> str | None:
    """Return which organization holds a name by a zone: of the proved zones that it is in, the nearest counts.

    holders: the ids of the organizations that have proved zones, by the names of these.
    """
    return next((holders[zone] for zone in enclosing_names(name) if zone in holders), None)


def is_proved_by(zone: Zone, texts: Collection[str]) -> bool:
    """Whether the TXT values at the zone's `_dcvd` prove it."""
    return proof_text(zone.id) in texts


def count_check(zone: Zone, now: int, random_fraction: float, *, is_answered: bool, expire_after_ms: int) -> Zone:
    """Return a zone after a check that did not prove it: looked at ever more rarely, and given up at last.

    Only checks to which DNS gave an answer count.
    """
    last_at = zone.updated_at if zone.checked_at is None else zone.checked_at
    unproved_ms = zone.unproved_ms + (min(max(now - last_at, 0), _MAX_COUNTED_MS) if is_answered else 0)
    checked_at = now if is_answered else zone.checked_at
    if zone.status is ZoneStatus.PENDING and unproved_ms >= expire_after_ms:
        return replace(
            zone,
            status=ZoneStatus.EXPIRED,
            unproved_ms=unproved_ms,
            checked_at=checked_at,
            next_check_at=None,
            updated_at=now,
        )
    wait_ms = add_jitter(cloudflare_backoff_ms(zone.checks, _FIRST_INTERVAL_MS), random_fraction)
    return replace(
        zone, unproved_ms=unproved_ms, checks=zone.checks + 1, checked_at=checked_at, next_check_at=now + wait_ms
    )


def wait_again(zone: Zone, now: int) -> Zone:
    """Return a zone that somebody asks for once more: it is looked for often again, and for as long as a new one."""
    if zone.status not in (ZoneStatus.PENDING, ZoneStatus.EXPIRED):
        return zone
    return replace(
        zone, status=ZoneStatus.PENDING, checks=0, unproved_ms=0, checked_at=None, next_check_at=now, updated_at=now
    )


def prove(zone: Zone, now: int) -> Zone:
    """Return a zone that was just proved: the claims of its organization on names in it are settled next."""
    return settle_anew(replace(zone, status=ZoneStatus.PROVED, proved_at=now, checked_at=now, updated_at=now), now)


def settle_anew(zone: Zone, now: int) -> Zone:
    """Return a proved zone whose organization's claims on names in it are settled next, from the first on."""
    return replace(zone, settled_name="", next_check_at=now)
