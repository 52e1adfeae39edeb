"""The timeline of a domain: each change writes to it, and it answers "why did it change?"."""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from dcvd.core import timeline as timeline_rules
from dcvd.core.domains.domain import Domain
from dcvd.core.events import Event
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import DAY, HOUR
from dcvd.core.jobs import Job
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.sentences.rendering import Language
from dcvd.core.sentences.wording import word
from dcvd.core.timeline import TimelineEntryKind, TimelineNote
from dcvd.core.timeline_sentences import (
    describe_event,
    describe_job,
    describe_observation,
    describe_request,
    describe_transition,
)
from dcvd.errors import InvalidInput, NotFound
from dcvd.services.context import Context
from dcvd.store import events, timeline
from dcvd.store.engine.paging import HIGHEST_KEY, Page, decode_cursor, encode_cursor
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import jobs
from dcvd.store.timeline import StoredTimelineEntry

MAX_ENTRIES_PER_HOUR: Final = 12
MAX_ENTRIES_PER_DAY: Final = 60
"""Entries of one kind that a domain may get; further changes are merged into the newest of them, so that a zone which
changes at each check fills neither the disk nor the timeline. The stored entries themselves are counted, so no window
in memory is needed, and a restart forgets nothing."""
_AFTER_ALL_ENTRIES: Final = 1 << 62
_MAX_DETAIL_CHARS: Final = 200


class TimelineEntry(Struct, frozen=True, kw_only=True):
    """One entry of any kind: exactly one of `stored_entry`, `job` and `event` is set."""

    kind: TimelineEntryKind
    occurred_at: int
    stored_entry: StoredTimelineEntry | None = None
    job: Job | None = None
    event: Event | None = None

    @property
    def sort_key(self) -> tuple[int, int, str | int]:
        """The key that orders entries; the last part, within a kind, is the entry's id or the event's number."""
        source = self.stored_entry or self.job
        tie = source.id if source is not None else -1 if self.event is None else self.event.sequence
        return self.occurred_at, self.kind, tie

    def describe(self, language: Language) -> str:
        """Return what happened, and who caused it, in a sentence."""
        if self.job is not None:
            return describe_job(self.job.kind, self.job.state, language)
        if self.event is not None:
            return describe_event(self.event.type.value, language)
        assert self.stored_entry is not None, "an entry is stored, a job or an event"
        note = self.stored_entry.note
        match self.kind:
            case TimelineEntryKind.REQUEST:
                return describe_request(self.stored_entry.actor, note.what or "", note.detail, language)
            case TimelineEntryKind.OBSERVATION:
                return describe_observation(note.changes, note.merged, language)
            case _:
                return describe_transition(note.changes, note.merged, language)


def record_request(
    context: Context, tx: Transaction, org_id: str, domain_id: str, *, actor: str, what: str, detail: str | None = None
) -> None:
    """Record that somebody asked for something (`sync`, `hint`, …), in the transaction that does it.

    The domain may be removed already. Nothing more is written once its limits are reached.
    """
    if _find_entry_to_merge_into(context, tx, domain_id, TimelineEntryKind.REQUEST) is not None:
        return
    note = TimelineNote(what=what, detail=None if detail is None else detail[:_MAX_DETAIL_CHARS])
    entry_id, kind = context.new_id(IdPrefix.TIMELINE), TimelineEntryKind.REQUEST
    timeline.insert_all(tx, [_build_entry(entry_id, context.now(), org_id, domain_id, kind, actor, note)])


def record_requests(
    context: Context,
    tx: Transaction,
    domains: Sequence[Domain],
    *,
    actor: str,
    what: Literal["added", "imported", "removed"],
) -> None:
    """Record a request for many domains at once; without a limit, because it happens to each only once."""
    note, now = TimelineNote(what=what), context.now()
    timeline.insert_all(
        tx,
        [
            _build_entry(entry_id, now, domain.org_id, domain.id, TimelineEntryKind.REQUEST, actor, note)
            for entry_id, domain in zip(context.new_ids(IdPrefix.TIMELINE, len(domains)), domains, strict=True)
        ],
    )


def record_check(
    context: Context, tx: Transaction, before: Domain, after: Domain, observations: Sequence[Observation], *, actor: str
) -> None:
    """Record what a check changed, in the check's own transaction; a check that changed nothing leaves no entry."""
    for kind, note in (
        (TimelineEntryKind.OBSERVATION, timeline_rules.note_observation(before, after, observations)),
        (TimelineEntryKind.TRANSITION, timeline_rules.note_transition(before, after)),
    ):
        if note is None:
            continue
        mergeable_entry = _find_entry_to_merge_into(context, tx, after.id, kind)
        if mergeable_entry is None:
            entry_id, now = context.new_id(IdPrefix.TIMELINE), context.now()
            timeline.insert_all(tx, [_build_entry(entry_id, now, after.org_id, after.id, kind, actor, note)])
        else:
            timeline.update_note(
                tx, mergeable_entry, timeline_rules.merge_notes(mergeable_entry.note, note, context.now())
            )


async def store_request(context: Context, domain: Domain, *, actor: str, what: str) -> None:
    """Record a request in a transaction of its own, where nothing else is stored with it."""
    await context.database.write(
        lambda tx: record_request(context, tx, domain.org_id, domain.id, actor=actor, what=what)
    )


async def list_page(
    context: Context, org_id: str, domain_id: str, *, newest_first: bool, cursor: str | None, limit: int
) -> Page[TimelineEntry]:
    """List entries, oldest or newest first; also of removed domains. Raises NotFound, also for another's domain."""
    position = _parse_cursor(cursor, newest_first=newest_first)

    def query(snapshot: Snapshot) -> list[TimelineEntry]:
        if timeline.find_org(snapshot, domain_id) != org_id:
            raise NotFound(word("domain_unknown", domain=domain_id))
        return _list_beyond(snapshot, domain_id, position, newest_first=newest_first, limit=limit + 1)

    entries = await context.database.read(query)
    if len(entries) <= limit:
        return Page(entries, None)
    return Page(entries[:limit], encode_cursor(".".join(map(str, entries[limit - 1].sort_key))))


def _list_beyond(
    snapshot: Snapshot, domain_id: str, position: tuple[int, int, str], *, newest_first: bool, limit: int
) -> list[TimelineEntry]:
    """List entries beyond a position: the first `limit` of all are among the first `limit` of each source."""
    at, kind, tie = position
    entries = [
        TimelineEntry(kind=stored_entry.kind, occurred_at=stored_entry.occurred_at, stored_entry=stored_entry)
        for stored_entry in timeline.list_of_domain(
            snapshot, domain_id, position, newest_first=newest_first, limit=limit
        )
    ]
    after_job_id = tie if kind == TimelineEntryKind.JOB else "" if kind < TimelineEntryKind.JOB else HIGHEST_KEY
    entries += [
        TimelineEntry(kind=TimelineEntryKind.JOB, occurred_at=job.created_at, job=job)
        for job in jobs.list_of_domain(snapshot, domain_id, (at, after_job_id), newest_first=newest_first, limit=limit)
    ]
    after_sequence = int(tie) if kind == TimelineEntryKind.EVENT else -1
    entries += [
        TimelineEntry(kind=TimelineEntryKind.EVENT, occurred_at=event.created_at, event=event)
        for event in events.list_of_domain(
            snapshot, domain_id, (at, after_sequence), newest_first=newest_first, limit=limit
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
        raise InvalidInput("cursor", word("cursor_unusable"))
    return int(at), int(kind), tie


def _find_entry_to_merge_into(
    context: Context, tx: Transaction, domain_id: str, kind: TimelineEntryKind
) -> StoredTimelineEntry | None:
    """The newest entry of a kind, where the domain may have no further entry of that kind now."""
    now = context.now()
    latest = timeline.list_latest(tx, domain_id, kind, now - DAY, MAX_ENTRIES_PER_DAY)
    count_in_hour = sum(entry.occurred_at > now - HOUR for entry in latest)
    return latest[0] if len(latest) >= MAX_ENTRIES_PER_DAY or count_in_hour >= MAX_ENTRIES_PER_HOUR else None


def _build_entry(
    entry_id: str, now: int, org_id: str, domain_id: str, kind: TimelineEntryKind, actor: str, note: TimelineNote
) -> StoredTimelineEntry:
    return StoredTimelineEntry(
        id=entry_id,
        org_id=org_id,
        domain_id=domain_id,
        kind=kind,
        actor=actor,
        note=note,
        occurred_at=now,
    )
