"""An entry of a timeline as JSON."""

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from dcvd.api.events import EventView
from dcvd.api.jobs.view import JobView, job_view
from dcvd.core.instants import format_instant, to_rfc3339
from dcvd.core.sentences.rendering import Language
from dcvd.core.timeline import TimelineEntryKind
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.services.timeline import TimelineEntry

TimelineKind = Literal["request", "observation", "transition", "job", "event"]
_KINDS: Final[dict[TimelineEntryKind, TimelineKind]] = {
    TimelineEntryKind.REQUEST: "request",
    TimelineEntryKind.OBSERVATION: "observation",
    TimelineEntryKind.TRANSITION: "transition",
    TimelineEntryKind.JOB: "job",
    TimelineEntryKind.EVENT: "event",
}


class ChangeView(Struct, frozen=True):
    """A member of the domain, as `GET /api/domains/{id}` names it, before and after."""

    field: str
    before: Any
    after: Any


class TimelineEntryView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What happened, and who caused it.

    `sentence` says it in words; the other members say it for programs.
    `kind`: `request` (somebody asked for `what`: `added`, `removed`, `moved`, `sync`, `diagnosis`, `dns_write`,
    `dns_undo`, `job_retried`, `hint`),
    `observation` (a check found something new: `changes`), `transition` (the status, or its error, changed:
    `changes`), `job` (background work began; the job is shown as it is now) or `event` (webhooks reported this).
    `actor`: `token:…`, `operator`, `sync` (the daemon's own checks), `job:…`, `cloudflare` (a notification of theirs)
    or `daemon`; null for jobs and events, which follow from the entries before them.
    `servers`: what each DNS server answered, if they did not all answer the same.
    `merged`: how many later changes this entry also holds, because there were too many; `until`: the last of them.
    """

    id: str
    kind: TimelineKind
    at: Instant
    sentence: str
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


def timeline_entry_view(entry: TimelineEntry, language: Language) -> TimelineEntryView:
    """Show one entry, with its sentence in a language."""
    at, kind, sentence = to_rfc3339(entry.occurred_at), _KINDS[entry.kind], entry.describe(language)
    if entry.job is not None:
        job = entry.job
        return TimelineEntryView(id=job.id, kind=kind, at=at, sentence=sentence, what=job.kind, job=job_view(job))
    if entry.event is not None:
        body = msgspec.json.decode(entry.event.body, type=EventView)
        what = entry.event.type.value
        return TimelineEntryView(id=entry.event.id, kind=kind, at=at, sentence=sentence, what=what, event=body)
    stored_entry = entry.stored_entry
    assert stored_entry is not None, "an entry is stored, a job or an event"
    note = stored_entry.note
    return TimelineEntryView(
        id=stored_entry.id,
        kind=kind,
        at=at,
        sentence=sentence,
        actor=stored_entry.actor,
        what=note.what,
        detail=note.detail,
        changes=[build_view(ChangeView, change) for change in note.changes],
        servers=list(note.servers),
        merged=note.merged,
        until=format_instant(note.until),
    )
