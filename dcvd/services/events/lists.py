"""Lists of events from new to old: of an organization, of a domain, or of all organizations."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct

from dcvd.core.events import Event, EventType, read_domain_name
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput, NotFound
from dcvd.services import reach
from dcvd.services.context import Context
from dcvd.store import events
from dcvd.store.engine.paging import MAX_EXAMINED, Page, collect_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.events import EventPosition

_START: Final = EventPosition()


class EventFilters(Struct, frozen=True, kw_only=True):
    """The conditions of a list; None is no condition. since: milliseconds."""

    org_id: str | None = None
    types: Collection[EventType] | None = None
    domain_id: str | None = None
    since: int | None = None

    def matches(self, event: Event) -> bool:
        """Whether an event meets all of them; those that are kept for the operator's programs never do."""
        return (
            event.org_id != OPERATOR_ORG_ID
            and self.org_id in (None, event.org_id)
            and (self.types is None or event.type in self.types)
            and self.domain_id in (None, event.domain_id)
            and (self.since is None or event.created_at >= self.since)
        )


async def list_newest(
    context: Context,
    filters: EventFilters,
    *,
    cursor: str | None,
    limit: int,
    max_examined: int = MAX_EXAMINED,
) -> Page[Event]:
    """List the events that the caller may know of, newest first, out of the next that are examined.

    A page may be short, and have a next one.
    """
    position = decode_cursor(cursor)
    _parse_position(position)

    def query(snapshot: Snapshot) -> Page[Event]:
        return collect_page(
            lambda behind, count: events.list_newest(
                snapshot,
                org_id=filters.org_id,
                domain_id=filters.domain_id,
                before=_parse_position(behind),
                limit=count,
            ),
            position,
            limit=limit,
            matches=lambda event: filters.matches(event) and covers_event(context, event),
            key=lambda event: f"{event.created_at} {event.sequence} {event.id}",
            max_examined=max_examined,
        )

    page = await context.database.read(query)
    if filters.since is not None and page.next_cursor is not None:
        oldest_at = _parse_position(decode_cursor(page.next_cursor)).created_at
        # All that comes behind is older, but for what a clock that was set back has put there.
        return page if oldest_at >= filters.since else Page(page.items, None)
    return page


def get_owned(context: Context, snapshot: Snapshot, org_id: str, event_id: str) -> Event:
    """Get an event of an organization. Raises NotFound, also for one that the caller may not know of."""
    event = events.get(snapshot, event_id)
    if event is None or event.org_id != org_id or not covers_event(context, event):
        raise NotFound(word("event_not_found", event=event_id))
    return event


async def get(context: Context, org_id: str, event_id: str) -> Event:
    """Get an event of an organization, see `get_owned`."""
    return await context.database.read(lambda snapshot: get_owned(context, snapshot, org_id, event_id))


def covers_event(context: Context, event: Event) -> bool:
    """Whether the caller may know of an event: of one about no domain, those who are not limited to some."""
    return context.caller.domains is None or reach.covers(context, event.domain_id, read_domain_name(event.body))


def _parse_position(position: str | None) -> EventPosition:
    if position is None:
        return _START
    match position.split(" "):
        case [created_at, sequence, event_id] if is_number(created_at) and is_number(sequence):
            return EventPosition(created_at=int(created_at), sequence=int(sequence), id=event_id)
        case _:
            raise refuse_cursor()


def is_number(text: str) -> bool:
    """Whether a part of a cursor is a number that the database has room for."""
    return text.isascii() and text.isdecimal() and len(text) <= 18


def refuse_cursor() -> InvalidInput:
    """Return the refusal of a cursor that is none of ours."""
    return InvalidInput("cursor", word("cursor_unusable"))
