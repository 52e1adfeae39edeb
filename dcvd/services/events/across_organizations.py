"""The events of all organizations, for operators: followed as they are committed."""

from typing import Final

from msgspec import Struct

from dcvd.core.events import Event
from dcvd.core.ids import IdPrefix, instant_of, is_id
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput, NotFound
from dcvd.services.context import Context
from dcvd.services.events.lists import EventFilters, is_number, refuse_cursor
from dcvd.services.events.waiters import EventWaiters
from dcvd.services.watching import ANY_ORGANIZATION
from dcvd.store import events
from dcvd.store.engine.paging import MAX_EXAMINED, decode_cursor, encode_cursor
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.events import CommitPosition

MAX_LAST: Final = 1_000


class CommittedPage(Struct, frozen=True, kw_only=True):
    """Events in the order of their commits, and where to read on; `has_more`: some are there already."""

    events: list[Event]
    position: CommitPosition
    has_more: bool

    @property
    def cursor(self) -> str:
        """The text from which to read on."""
        return encode_cursor(f"{self.position.number} {self.position.event_id or ''}".strip())


async def get(context: Context, event_id: str) -> Event:
    """Get an event by its id. Raises NotFound, also for one that is kept for the operator's programs."""
    event = await context.database.read(lambda snapshot: events.get(snapshot, event_id))
    if event is None or event.org_id == OPERATOR_ORG_ID:
        raise NotFound(word("event_not_found", event=event_id))
    return event


async def follow(
    context: Context,
    waiters: EventWaiters,
    filters: EventFilters,
    *,
    after: str | None,
    last: int,
    limit: int,
    wait_s: float = 0.0,
    max_examined: int = MAX_EXAMINED,
) -> CommittedPage:
    """Read events in the order in which they were committed, behind a cursor, or with so many of the `last` that match.

    Where there is none yet, waits up to `wait_s` seconds for one. Raises InvalidInput for a cursor that is none,
    and for more than `MAX_LAST` last ones. An event at which a cursor stands may have gone, with
    its organization or by a restore: then those of its millisecond may come again, and none is left out.
    """
    position = None if after is None else _parse_commit(after)
    if last > MAX_LAST:
        raise InvalidInput("last", f"last is {last}; give a whole number from 0 to {MAX_LAST}.")

    def query(snapshot: Snapshot) -> CommittedPage:
        if position is None:
            reached = _find_before_last(snapshot, filters, last, max_examined)
        else:
            reached = _resume(snapshot, position)
        rows = events.list_committed(snapshot, after=reached, limit=max_examined + 1)
        found: list[Event] = []
        for commit, event in rows[:max_examined]:
            if filters.matches(event):
                if len(found) == limit:
                    return CommittedPage(events=found, position=reached, has_more=True)
                found.append(event)
            reached = commit
        return CommittedPage(events=found, position=reached, has_more=len(rows) > max_examined)

    async def read_page() -> CommittedPage:
        nonlocal position
        page = await context.database.read(query)
        position = page.position
        return page

    return await waiters.read(
        ANY_ORGANIZATION,
        read_page,
        is_worth_an_answer=lambda page: bool(page.events) or page.has_more,
        wait_s=wait_s,
    )


def _find_before_last(snapshot: Snapshot, filters: EventFilters, last: int, max_examined: int) -> CommitPosition:
    """Find the place before so many of the last events that match, out of the last that are examined."""
    rows = events.list_last_committed(snapshot, max_examined + 1 if last else 1)
    missing = last
    for commit, event in rows[:max_examined]:
        if not missing:
            return commit
        missing -= filters.matches(event)
    return rows[max_examined][0] if len(rows) > max_examined else CommitPosition()


def _resume(snapshot: Snapshot, position: CommitPosition) -> CommitPosition:
    if position.event_id is None or events.has_commit(snapshot, position):
        return position
    return events.find_commit_before(snapshot, instant_of(position.event_id))


def _parse_commit(cursor: str) -> CommitPosition:
    number, _, event_id = (decode_cursor(cursor) or "").partition(" ")
    if not is_number(number) or (event_id and not is_id(IdPrefix.EVENT, event_id)):
        raise refuse_cursor()
    return CommitPosition(number=int(number), event_id=event_id or None)
