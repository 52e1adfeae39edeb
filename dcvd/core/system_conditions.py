"""What dcvd itself needs: Cloudflare's consent, room in its plan and on the disk, and a backup.

Each condition is judged with what is known of it already, so that a value about its limit raises it once.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, Literal

from msgspec import Struct

from dcvd.core.clock_discipline import ClockReport
from dcvd.core.domains.saas_zone import SaasZone, ZoneFaultCode
from dcvd.core.events import EventDraft, EventType
from dcvd.core.instants import HOUR, MINUTE, SECOND, to_rfc3339

_QUOTA_RELIEF_PERCENT: Final = 2
"""By how much less of the quota has to be used than where the condition began."""
_DISK_RELIEF_PERCENT: Final = 10
"""By how much more than the floor has to be free."""

_UNCONFIRMED_FOR_MS: Final = 10 * MINUTE
"""For so long Cloudflare may tell no time before that is told."""


class SystemCondition(StrEnum):
    """What can be missing."""

    CLOUDFLARE_REFUSED = "cloudflare_refused"
    QUOTA_LOW = "quota_low"
    BACKUP_LATE = "backup_late"
    DISK_LOW = "disk_low"
    CLOCK_WRONG = "clock_wrong"


_TYPES: Final = {
    SystemCondition.CLOUDFLARE_REFUSED: EventType.SYSTEM_CLOUDFLARE_REFUSED,
    SystemCondition.QUOTA_LOW: EventType.SYSTEM_QUOTA_LOW,
    SystemCondition.BACKUP_LATE: EventType.SYSTEM_BACKUP_LATE,
    SystemCondition.DISK_LOW: EventType.SYSTEM_DISK_LOW,
    SystemCondition.CLOCK_WRONG: EventType.SYSTEM_CLOCK_WRONG,
}


class SystemLimits(Struct, frozen=True, kw_only=True):
    """From where on something is missing, as configured; 0 asks for nothing."""

    quota_percent: int
    backup_max_age_ms: int
    disk_floor_bytes: int


class SystemState(Struct, frozen=True, kw_only=True):
    """What was found. last_backup_at, free_bytes, clock: None where it is not known."""

    zone: SaasZone
    database_path: str
    last_backup_at: int | None
    free_bytes: int | None
    clock: ClockReport | None = None


class ConditionChange(Struct, frozen=True, kw_only=True):
    """A condition that began, or is over, with the event that says so."""

    condition: SystemCondition
    status: Literal["raised", "recovered"]
    draft: EventDraft


class Judgement(Struct, frozen=True, kw_only=True):
    """Whether a condition is present, in a sentence that says what to do, with what its event says beside."""

    is_present: bool
    message: str
    facts: dict[str, Any] = {}


def list_changes(
    state: SystemState, limits: SystemLimits, present: Mapping[SystemCondition, int], now: int
) -> list[ConditionChange]:
    """List what began and what is over. What cannot be known stays as it was.

    present: the conditions that were told and are not over, with the instants since when.
    """
    changes: list[ConditionChange] = []
    for condition, judgement in judge_all(state, limits, present, now):
        if judgement.is_present is (condition in present):
            continue
        status: Literal["raised", "recovered"] = "raised" if judgement.is_present else "recovered"
        data = {
            "status": status,
            "since": to_rfc3339(present.get(condition, now)),
            "message": judgement.message,
            **judgement.facts,
        }
        draft = EventDraft(_TYPES[condition], data)
        changes.append(ConditionChange(condition=condition, status=status, draft=draft))
    return changes


def judge_all(
    state: SystemState, limits: SystemLimits, present: Mapping[SystemCondition, int], now: int
) -> Iterator[tuple[SystemCondition, Judgement]]:
    """Judge every condition of which anything is known; `present` as in `list_changes`."""
    for condition, judgement in (
        (SystemCondition.CLOUDFLARE_REFUSED, _judge_access(state.zone)),
        (SystemCondition.QUOTA_LOW, _judge_quota(state.zone, limits, SystemCondition.QUOTA_LOW in present)),
        (SystemCondition.BACKUP_LATE, _judge_backup(state, limits, now)),
        (SystemCondition.DISK_LOW, _judge_disk(state, limits, SystemCondition.DISK_LOW in present)),
        (SystemCondition.CLOCK_WRONG, _judge_clock(state.clock)),
    ):
        if judgement is not None:
            yield condition, judgement


def _judge_access(zone: SaasZone) -> Judgement | None:
    refusal = next((fault for fault in zone.faults if fault.code is ZoneFaultCode.UNAUTHORIZED), None)
    if refusal is not None:
        message = f"Cloudflare refuses the API token, so that all hostnames wait: put in another one. {refusal.message}"
        return Judgement(is_present=True, message=message)
    if not zone.is_access_confirmed:
        return None
    return Judgement(is_present=False, message="Cloudflare accepts the API token.")


def _judge_quota(zone: SaasZone, limits: SystemLimits, is_present: bool) -> Judgement | None:
    if zone.usage is None:
        return None
    used, allowed = zone.usage.used, zone.usage.allowed
    threshold = limits.quota_percent - (_QUOTA_RELIEF_PERCENT if is_present else 0)
    is_low = bool(limits.quota_percent) and used * 100 >= threshold * allowed
    advice = ": raise the quota, or remove some" if is_low else ""
    return Judgement(
        is_present=is_low,
        message=f"The zone has {used} of at most {allowed} custom hostnames{advice}.",
        facts={"used": used, "allowed": allowed},
    )


def _judge_backup(state: SystemState, limits: SystemLimits, now: int) -> Judgement | None:
    if state.last_backup_at is None:
        return None
    age_ms = now - state.last_backup_at
    is_of_future = age_ms < -HOUR
    is_late = bool(limits.backup_max_age_ms) and (is_of_future or age_ms > limits.backup_max_age_ms)
    last = to_rfc3339(state.last_backup_at)
    advice = ""
    if is_late:
        reason = "by a clock that was wrong" if is_of_future else "which is too long ago: see why no other was made"
        advice = f", {reason}, and run dcvd backup"
    return Judgement(
        is_present=is_late,
        message=f"The last backup was made at {last}{advice}.",
        facts={"last_backup_at": last, "max_age_seconds": limits.backup_max_age_ms // SECOND},
    )


def _judge_disk(state: SystemState, limits: SystemLimits, is_present: bool) -> Judgement | None:
    if state.free_bytes is None:
        return None
    floor = limits.disk_floor_bytes
    needed = floor + floor * _DISK_RELIEF_PERCENT // 100 if is_present else floor
    is_low = state.free_bytes < needed
    advice = ": make room, or dcvd can store nothing when it is full" if is_low else ""
    return Judgement(
        is_present=is_low,
        message=f"The file system of {state.database_path} has {state.free_bytes >> 20} MiB free{advice}.",
        facts={"path": state.database_path, "free_bytes": state.free_bytes, "floor_bytes": floor},
    )


def _judge_clock(clock: ClockReport | None) -> Judgement | None:
    if clock is None:
        return None
    ahead_seconds = clock.ahead_ms // SECOND
    facts = {"ahead_seconds": ahead_seconds, "is_confirmed": clock.is_confirmed}
    if clock.is_wrong:
        side = "ahead of" if ahead_seconds > 0 else "behind"
        message = (
            f"The machine's clock is {abs(ahead_seconds)} seconds {side} the time that dcvd goes by: set it, or https "
            "fails, and whatever else runs there goes wrong."
        )
        return Judgement(is_present=True, message=message, facts=facts)
    if clock.is_confirmed:
        return Judgement(is_present=False, message="The machine's clock is right.", facts=facts)
    if (clock.unconfirmed_ms or 0) < _UNCONFIRMED_FOR_MS:
        return None
    message = (
        "Nothing confirms the machine's clock, as Cloudflare's API told no time. Until it does, nothing is deleted, "
        "disabled or ended because time has passed: see that the API can be reached, and that the clock is right."
    )
    return Judgement(is_present=True, message=message, facts=facts)
