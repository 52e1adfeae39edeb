"""Groups: what happened for one cause is gathered, however often it happened, until it is told."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.instants import HOUR
from dcvd.core.text import make_printable, shorten

MAX_NAMES: Final = 20
"""Names that a group lists; the others are counted."""
MAX_GROUPS: Final = 50
"""Causes that are told apart within one mail; further ones of a kind are one."""
MAX_UNREAD: Final = 20
"""Messages that may wait for one recipient: while there are so many, what happens stays gathered."""
_MAX_NAME_CHARACTERS: Final = 255
_MAX_DETAIL_CHARACTERS: Final = 300
_MAX_CAUSE_CHARACTERS: Final = 100


class Alert(Struct, frozen=True, kw_only=True):
    """One thing that happened. cause: what alerts have in common that are told together. name: what it happened to.

    detail: what was found, in the words of whoever found it; empty where the kind says it all.
    """

    kind: AlertKind
    cause: str
    name: str
    detail: str = ""


class AlertGroup(Struct, frozen=True, kw_only=True):
    """What happened for one cause. org_id: to whose audience it is told; '' for the operator.

    names: the first of them. count: how many alerts there were. detail: that of the first. Instants in milliseconds.
    """

    org_id: str
    kind: AlertKind
    cause: str
    names: tuple[str, ...]
    count: int
    detail: str
    first_at: int
    last_at: int


class TellingSchedule(Struct, frozen=True, kw_only=True):
    """When an audience is told next, and when it was told within the last hour.

    org_id: as in `AlertGroup`. due_at: None while nothing is gathered.
    """

    org_id: str
    due_at: int | None = None
    told_at: tuple[int, ...] = ()


def clean_alert(alert: Alert) -> Alert:
    """Return an alert in whose texts is nothing but printable characters, and not too many of them."""
    return Alert(
        kind=alert.kind,
        cause=shorten(make_printable(alert.cause), _MAX_CAUSE_CHARACTERS),
        name=shorten(make_printable(alert.name), _MAX_NAME_CHARACTERS),
        detail=shorten(make_printable(alert.detail), _MAX_DETAIL_CHARACTERS),
    )


def add_to_group(group: AlertGroup | None, org_id: str, alert: Alert, now: int) -> AlertGroup:
    """Return the group with one more alert; None for a group that is not there yet.

    What happens again to a name that is listed is counted once.
    """
    if group is None:
        return AlertGroup(
            org_id=org_id,
            kind=alert.kind,
            cause=alert.cause,
            names=(alert.name,),
            count=1,
            detail=alert.detail,
            first_at=now,
            last_at=now,
        )
    if alert.name in group.names:
        return replace(group, last_at=now)
    names = (*group.names, alert.name) if len(group.names) < MAX_NAMES else group.names
    return replace(group, names=names, count=group.count + 1, last_at=now)


def plan_telling(schedule: TellingSchedule, now: int, gather_ms: int) -> TellingSchedule:
    """Return the schedule after something happened: the first thing that happens decides when it is told."""
    if schedule.due_at is not None:
        return schedule
    return replace(schedule, due_at=now + gather_ms)


def find_permitted_at(schedule: TellingSchedule, now: int, per_hour: int) -> int:
    """Return when the audience may be told: now, or once fewer than `per_hour` times lie within an hour."""
    recent = [told for told in schedule.told_at if now - HOUR < told <= now]
    return now if len(recent) < per_hour else sorted(recent)[-per_hour] + HOUR


def note_telling(schedule: TellingSchedule, now: int) -> TellingSchedule:
    """Return the schedule after the audience was told everything."""
    recent = [told for told in schedule.told_at if now - HOUR < told <= now]
    return replace(schedule, due_at=None, told_at=(*recent, now))
