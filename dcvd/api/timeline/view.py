"""An entry of a timeline as JSON."""

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from dcvd.api.events import EventView
from dcvd.api.http.parameters import Instant, shown
from dcvd.api.jobs.view import JobView, job_view
from dcvd.core.instants import to_rfc3339
from dcvd.core.timeline import Change, EntryKind
from dcvd.services.timeline import Entry
from dcvd.store.engine.paging import Page

Kind = Literal["request", "observation", "transition", "job", "event"]
_KINDS: Final[dict[EntryKind, Kind]] = {
    EntryKind.REQUEST: "request",
    EntryKind.OBSERVATION: "observation",
    EntryKind.TRANSITION: "transition",
    EntryKind.JOB: "job",
    EntryKind.EVENT: "event",
}


class ChangeView(Struct, frozen=True):
    """A member of the domain, as `GET /api/domains/{id}` names it, before and after."""

    field: str
    before: Any
    after: Any


class TimelineEntryView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What happened, and who brought it about.

    `kind`: `request` (somebody asked for `what`: `added`, `removed`, `sync`, `diagnosis`, `dns_write`,
    `dns_undo`, `job_retried`, `hint`),
    `observation` (something else was seen than before: `changes`), `transition` (the status, or its error, changed:
    `changes`), `job` (background work began; the job as it stands now) or `event` (this was told by webhooks).
    `actor`: `token:…`, `operator`, `sync` (the daemon's own looks), `job:…`, `cloudflare` (a notification of theirs) or
    `daemon`; null for jobs and events, which follow from what stands before them.
    `servers`: who in DNS said what, where they did not all say the same.
    `merged`: how many later changes this entry holds too, because there were too many, and until when.
    """

    id: str
    kind: Kind
    at: Instant
    actor: str | None = None
    what: str | None = None
    detail: str | None = None
    changes: list[ChangeView] = []
    servers: list[str] = []
    merged: int = 0
    until: Instant | None = None
    job: JobView | None = None
    event: EventView | None = None


class TimelineList(Struct, frozen=True, kw_only=True, rename="camel"):
    timeline: list[TimelineEntryView]
    next_cursor: str | None


def timeline_list(found: Page[Entry]) -> TimelineList:
    """A page of a timeline."""
    return TimelineList(timeline=[_entry(entry) for entry in found.items], next_cursor=found.next_cursor)


def _entry(entry: Entry) -> TimelineEntryView:
    at, kind = to_rfc3339(entry.at), _KINDS[entry.kind]
    if entry.job is not None:
        return TimelineEntryView(id=entry.job.id, kind=kind, at=at, what=entry.job.kind.value, job=job_view(entry.job))
    if entry.event is not None:
        body = msgspec.json.decode(entry.event.body, type=EventView)
        return TimelineEntryView(id=entry.event.id, kind=kind, at=at, what=entry.event.type.value, event=body)
    stored = entry.stored
    assert stored is not None, "an entry is stored, a job or an event"
    note = stored.note
    return TimelineEntryView(
        id=stored.id,
        kind=kind,
        at=at,
        actor=stored.actor,
        what=note.what,
        detail=note.detail,
        changes=[_change(change) for change in note.changes],
        servers=list(note.servers),
        merged=note.merged,
        until=shown(note.until),
    )


def _change(change: Change) -> ChangeView:
    return ChangeView(change.field, change.before, change.after)
