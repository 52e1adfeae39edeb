"""The timeline of a domain: written with each change, read as the answer to "why did it change?"."""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from dcvd.core import timeline as core
from dcvd.core.domains.domain import Domain
from dcvd.core.events import Event
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import DAY, HOUR
from dcvd.core.jobs import Job
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.timeline import TimelineEntryKind, TimelineNote
from dcvd.errors import InvalidInput, NotFound
from dcvd.services.context import Context
from dcvd.store import events, jobs, timeline
from dcvd.store.engine.database import Snapshot, Transaction
from dcvd.store.engine.paging import HIGHEST_KEY, Page, decode_cursor, encode_cursor
from dcvd.store.timeline import StoredTimelineEntry

MAX_PER_HOUR: Final = 12
MAX_PER_DAY: Final = 60
"""Entries of a kind that a domain gets of its own; further changes are merged into the newest of them, so that a zone
which changes at each look fills neither the disk nor the timeline."""
_AFTER_ALL_ENTRIES: Final = 1 << 62
_LONGEST_DETAIL: Final = 200


class TimelineEntry(Struct, frozen=True, kw_only=True):
    """One entry of any kind: exactly one of `stored_entry`, `job` and `event` is there."""

    kind: TimelineEntryKind
    occurred_at: int
    stored_entry: StoredTimelineEntry | None = None
    job: Job | None = None
    event: Event | None = None

    @property
    def sort_key(self) -> tuple[int, int, str | int]:
        """By which entries are ordered; within a kind, `id`, or the number of an event."""
        if self.stored_entry is not None:
            return self.occurred_at, self.kind, self.stored_entry.id
        if self.job is not None:
            return self.occurred_at, self.kind, self.job.id
        return self.occurred_at, self.kind, -1 if self.event is None else self.event.sequence


def record_request(
    context: Context, tx: Transaction, domain: Domain, *, actor: str, what: str, detail: str | None = None
) -> None:
    """Somebody asked for something (`sync`, `hint`, …), in the transaction that does it.

    Past the limits nothing is written any more.
    """
    record_request_by_id(context, tx, domain.org_id, domain.id, actor=actor, what=what, detail=detail)


def record_request_by_id(
    context: Context, tx: Transaction, org_id: str, domain_id: str, *, actor: str, what: str, detail: str | None = None
) -> None:
    """`requested`, of a domain that may be gone already."""
    if _find_entry_to_merge_into(context, tx, domain_id, TimelineEntryKind.REQUEST) is not None:
        return
    note = TimelineNote(what=what, detail=None if detail is None else detail[:_LONGEST_DETAIL])
    _insert(context, tx, org_id, domain_id, TimelineEntryKind.REQUEST, actor, note)


def record_requests(
    context: Context, tx: Transaction, domains: Sequence[Domain], *, actor: str, what: Literal["added", "removed"]
) -> None:
    """`requested`, of many domains at once and without a limit, because it happens to each only once."""
    note = TimelineNote(what=what)
    timeline.insert_all(
        tx,
        [_build_entry(context, domain.org_id, domain.id, TimelineEntryKind.REQUEST, actor, note) for domain in domains],
    )


def record_check(
    context: Context, tx: Transaction, before: Domain, after: Domain, observations: Sequence[Observation], *, actor: str
) -> None:
    """Note what a look changed, in its own transaction; nothing is written where it changed nothing."""
    for kind, note in (
        (TimelineEntryKind.OBSERVATION, core.note_observation(before, after, observations)),
        (TimelineEntryKind.TRANSITION, core.note_transition(before, after)),
    ):
        if note is None:
            continue
        full = _find_entry_to_merge_into(context, tx, after.id, kind)
        if full is None:
            _insert(context, tx, after.org_id, after.id, kind, actor, note)
        else:
            timeline.update_note(tx, full.id, core.merge_notes(full.note, note, context.now()))


async def store_request(context: Context, domain: Domain, *, actor: str, what: str) -> None:
    """`requested`, where nothing else is stored with it."""
    await context.database.write(lambda tx: record_request(context, tx, domain, actor=actor, what=what))


async def list_page(
    context: Context, org_id: str, domain_id: str, *, newest_first: bool, cursor: str | None, limit: int
) -> Page[TimelineEntry]:
    """In order, or against it; of removed domains too. Raises NotFound, also for another organization's."""
    position = _parse_cursor(cursor, newest_first=newest_first)

    def query(snapshot: Snapshot) -> list[TimelineEntry]:
        if timeline.find_org(snapshot, domain_id) != org_id:
            raise NotFound(f"There is no domain {domain_id}.")
        return _list_beyond(snapshot, domain_id, position, newest_first=newest_first, limit=limit + 1)

    found = await context.database.read(query)
    if len(found) <= limit:
        return Page(found, None)
    return Page(found[:limit], encode_cursor(".".join(map(str, found[limit - 1].sort_key))))


def _list_beyond(
    snapshot: Snapshot, domain_id: str, position: tuple[int, int, str], *, newest_first: bool, limit: int
) -> list[TimelineEntry]:
    """Each source gives its first `limit` beyond the position; the first `limit` of all are among those."""
    at, kind, tie = position
    entries = [
        TimelineEntry(kind=found.kind, occurred_at=found.occurred_at, stored_entry=found)
        for found in timeline.list_of_domain(snapshot, domain_id, position, newest_first=newest_first, limit=limit)
    ]
    after_job = tie if kind == TimelineEntryKind.JOB else "" if kind < TimelineEntryKind.JOB else HIGHEST_KEY
    entries += [
        TimelineEntry(kind=TimelineEntryKind.JOB, occurred_at=job.created_at, job=job)
        for job in jobs.list_of_domain(snapshot, domain_id, (at, after_job), newest_first=newest_first, limit=limit)
    ]
    after_event = int(tie) if kind == TimelineEntryKind.EVENT else -1
    entries += [
        TimelineEntry(kind=TimelineEntryKind.EVENT, occurred_at=event.created_at, event=event)
        for event in events.list_of_domain(
            snapshot, domain_id, (at, after_event), newest_first=newest_first, limit=limit
        )
    ]
    return sorted(entries, key=lambda entry: entry.sort_key, reverse=newest_first)[:limit]


def _parse_cursor(cursor: str | None, *, newest_first: bool) -> tuple[int, int, str]:
    text = decode_cursor(cursor)
    if text is None:
        return (_AFTER_ALL_ENTRIES if newest_first else -1), TimelineEntryKind.REQUEST, ""
    at, _, rest = text.partition(".")
    kind, _, tie = rest.partition(".")
    numbers = [at, kind, tie] if kind == str(int(TimelineEntryKind.EVENT)) else [at, kind]
    if not (all(number.isascii() and number.isdigit() and len(number) < 19 for number in numbers) and tie):
        raise InvalidInput("cursor", "The cursor is not one that dcvd gave; start without one.")
    return int(at), int(kind), tie


def _find_entry_to_merge_into(
    context: Context, tx: Transaction, domain_id: str, kind: TimelineEntryKind
) -> StoredTimelineEntry | None:
    """The newest entry of a kind where there may be no more of them now."""
    now = context.now()
    found = timeline.list_latest(tx, domain_id, kind, now - DAY, MAX_PER_DAY)
    in_the_hour = sum(entry.occurred_at > now - HOUR for entry in found)
    return found[0] if len(found) >= MAX_PER_DAY or in_the_hour >= MAX_PER_HOUR else None


def _insert(
    context: Context,
    tx: Transaction,
    org_id: str,
    domain_id: str,
    kind: TimelineEntryKind,
    actor: str,
    note: TimelineNote,
) -> None:
    timeline.insert_all(tx, [_build_entry(context, org_id, domain_id, kind, actor, note)])


def _build_entry(
    context: Context, org_id: str, domain_id: str, kind: TimelineEntryKind, actor: str, note: TimelineNote
) -> StoredTimelineEntry:
    return StoredTimelineEntry(
        id=context.new_id(IdPrefix.TIMELINE),
        org_id=org_id,
        domain_id=domain_id,
        kind=kind,
        actor=actor,
        note=note,
        occurred_at=context.now(),
    )
