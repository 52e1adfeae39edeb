"""The timeline of a domain: written with each change, read as the answer to "why did it change?"."""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from dcvd.core import timeline as core
from dcvd.core.domains.domain import Domain
from dcvd.core.events import Event
from dcvd.core.ids import Prefix
from dcvd.core.instants import DAY, HOUR
from dcvd.core.jobs import Job
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.timeline import EntryKind, Note
from dcvd.errors import InvalidInput, NotFound
from dcvd.services.context import Context
from dcvd.store import events, jobs, timeline
from dcvd.store.engine.database import Snapshot, Transaction
from dcvd.store.engine.paging import NEWEST, Page, decode_cursor, encode_cursor
from dcvd.store.timeline import StoredEntry

MOST_AN_HOUR: Final = 12
MOST_A_DAY: Final = 60
"""Entries of a kind that a domain gets of its own; further changes are merged into the newest of them, so that a zone
which changes at each look fills neither the disk nor the timeline."""
_LAST: Final = 1 << 62
_LONGEST_DETAIL: Final = 200


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of any kind: exactly one of `stored`, `job` and `event` is there."""

    kind: EntryKind
    at: int
    stored: StoredEntry | None = None
    job: Job | None = None
    event: Event | None = None

    @property
    def key(self) -> tuple[int, int, str | int]:
        """By which entries are ordered; within a kind, `id`, or the number of an event."""
        if self.stored is not None:
            return self.at, self.kind, self.stored.id
        if self.job is not None:
            return self.at, self.kind, self.job.id
        return self.at, self.kind, -1 if self.event is None else self.event.sequence


def requested(
    context: Context, tx: Transaction, domain: Domain, *, actor: str, what: str, detail: str | None = None
) -> None:
    """Somebody asked for something (`sync`, `hint`, …), in the transaction that does it.

    Past the limits nothing is written any more.
    """
    requested_of(context, tx, domain.org_id, domain.id, actor=actor, what=what, detail=detail)


def requested_of(
    context: Context, tx: Transaction, org_id: str, domain_id: str, *, actor: str, what: str, detail: str | None = None
) -> None:
    """`requested`, of a domain that may be gone already."""
    if _crowded(context, tx, domain_id, EntryKind.REQUEST) is not None:
        return
    note = Note(what=what, detail=None if detail is None else detail[:_LONGEST_DETAIL])
    _insert(context, tx, org_id, domain_id, EntryKind.REQUEST, actor, note)


def requested_of_all(
    context: Context, tx: Transaction, domains: Sequence[Domain], *, actor: str, what: Literal["added", "removed"]
) -> None:
    """`requested`, of many domains at once and without a limit, because it happens to each only once."""
    note = Note(what=what)
    timeline.insert_all(
        tx,
        [_stored(context, domain.org_id, domain.id, EntryKind.REQUEST, actor, note) for domain in domains],
    )


def observed(
    context: Context, tx: Transaction, before: Domain, after: Domain, seen: Sequence[Observation], *, actor: str
) -> None:
    """Note what a look changed, in its own transaction; nothing is written where it changed nothing."""
    for kind, note in (
        (EntryKind.OBSERVATION, core.observed(before, after, seen)),
        (EntryKind.TRANSITION, core.transition(before, after)),
    ):
        if note is None:
            continue
        full = _crowded(context, tx, after.id, kind)
        if full is None:
            _insert(context, tx, after.org_id, after.id, kind, actor, note)
        else:
            timeline.rewrite(tx, full.id, core.merged(full.note, note, context.now()))


async def ask(context: Context, domain: Domain, *, actor: str, what: str) -> None:
    """`requested`, where nothing else is stored with it."""
    await context.database.write(lambda tx: requested(context, tx, domain, actor=actor, what=what))


async def list_page(
    context: Context, org_id: str, domain_id: str, *, newest_first: bool, cursor: str | None, limit: int
) -> Page[Entry]:
    """In order, or against it; of removed domains too. Raises NotFound, also for another organization's."""
    position = _position(cursor, newest_first=newest_first)

    def query(snapshot: Snapshot) -> list[Entry]:
        if timeline.org_of(snapshot, domain_id) != org_id:
            raise NotFound(f"There is no domain {domain_id}.")
        return _beyond(snapshot, domain_id, position, newest_first=newest_first, limit=limit + 1)

    found = await context.database.read(query)
    if len(found) <= limit:
        return Page(found, None)
    return Page(found[:limit], encode_cursor(".".join(map(str, found[limit - 1].key))))


def _beyond(
    snapshot: Snapshot, domain_id: str, position: tuple[int, int, str], *, newest_first: bool, limit: int
) -> list[Entry]:
    """Each source gives its first `limit` beyond the position; the first `limit` of all are among those."""
    at, kind, tie = position
    entries = [
        Entry(kind=found.kind, at=found.at, stored=found)
        for found in timeline.of_domain(snapshot, domain_id, position, newest_first=newest_first, limit=limit)
    ]
    after_job = tie if kind == EntryKind.JOB else "" if kind < EntryKind.JOB else NEWEST
    entries += [
        Entry(kind=EntryKind.JOB, at=job.created_at, job=job)
        for job in jobs.of_domain(snapshot, domain_id, (at, after_job), newest_first=newest_first, limit=limit)
    ]
    after_event = int(tie) if kind == EntryKind.EVENT else -1
    entries += [
        Entry(kind=EntryKind.EVENT, at=event.created_at, event=event)
        for event in events.of_domain(snapshot, domain_id, (at, after_event), newest_first=newest_first, limit=limit)
    ]
    return sorted(entries, key=lambda entry: entry.key, reverse=newest_first)[:limit]


def _position(cursor: str | None, *, newest_first: bool) -> tuple[int, int, str]:
    text = decode_cursor(cursor)
    if text is None:
        return (_LAST if newest_first else -1), EntryKind.REQUEST, ""
    at, _, rest = text.partition(".")
    kind, _, tie = rest.partition(".")
    numbers = [at, kind, tie] if kind == str(int(EntryKind.EVENT)) else [at, kind]
    if not (all(number.isascii() and number.isdigit() and len(number) < 19 for number in numbers) and tie):
        raise InvalidInput("cursor", "The cursor is not one that dcvd gave; start without one.")
    return int(at), int(kind), tie


def _crowded(context: Context, tx: Transaction, domain_id: str, kind: EntryKind) -> StoredEntry | None:
    """The newest entry of a kind where there may be no more of them now."""
    now = context.now()
    found = timeline.latest(tx, domain_id, kind, now - DAY, MOST_A_DAY)
    in_the_hour = sum(entry.at > now - HOUR for entry in found)
    return found[0] if len(found) >= MOST_A_DAY or in_the_hour >= MOST_AN_HOUR else None


def _insert(
    context: Context, tx: Transaction, org_id: str, domain_id: str, kind: EntryKind, actor: str, note: Note
) -> None:
    timeline.insert_all(tx, [_stored(context, org_id, domain_id, kind, actor, note)])


def _stored(context: Context, org_id: str, domain_id: str, kind: EntryKind, actor: str, note: Note) -> StoredEntry:
    return StoredEntry(
        id=context.new_id(Prefix.TIMELINE),
        org_id=org_id,
        domain_id=domain_id,
        kind=kind,
        actor=actor,
        note=note,
        at=context.now(),
    )
