"""The feed of an organization's events: pulled in order and without a gap, whatever happened to its webhooks."""

from collections.abc import Collection

from msgspec import Struct

from dcvd.core.epochs import epoch_of
from dcvd.core.events import Event, EventType, read_domain_name
from dcvd.core.tokens.reach import DomainReach
from dcvd.errors import Gone, InvalidInput
from dcvd.services.context import Context
from dcvd.services.events.waiters import EventWaiters
from dcvd.store import events
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.organizations import organizations


class FeedPage(Struct, frozen=True, kw_only=True):
    """Events in order, and the number after which to read on: all up to it were returned, or are of other types.

    epoch: of the number that the next event gets, or of the newest one.
    """

    events: list[Event]
    position: int
    has_more: bool
    epoch: int


class EventFeed:
    """Reads the feed, and lets readers wait for new events; built once.

    `close()` answers all who wait, so that a stop need not wait for them.
    max_examined: events that one page examines for the requested types, so that it comes soon, if short of its limit.
    """

    def __init__(self, context: Context, *, max_examined: int = 2_000) -> None:
        self._context = context
        self._max_examined = max_examined
        self.waiters = EventWaiters(context)

    @property
    def waiter_counts(self) -> dict[str, int]:
        """How many requests of each organization wait, or read; an organization without any is not named."""
        return self.waiters.counts

    async def read(
        self,
        org_id: str,
        *,
        after: int | None,
        types: Collection[EventType] | None,
        limit: int,
        reach: DomainReach | None = None,
        wait_s: float = 0.0,
        last: int | None = None,
    ) -> FeedPage:
        """Read the events numbered above `after`; None reads from the oldest that is stored.

        types: only these. reach: only those about domains within it. last: instead of `after`, so many of the last
        numbers, or as many as are stored.

        Where there is none yet, waits up to `wait_s` seconds for one. Raises Gone when events after `after` are past
        their retention, InvalidInput when no event had the number `after` yet.
        """
        start, last_count = after, last

        async def read_page() -> FeedPage:
            nonlocal start, last_count
            page = await self._read_page(org_id, start, types, limit, reach, last_count)
            start, last_count = page.position, None
            return page

        return await self.waiters.read(
            org_id, read_page, is_worth_an_answer=lambda page: bool(page.events) or page.has_more, wait_s=wait_s
        )

    def close(self) -> None:
        """Answer everybody who waits, and let nobody wait any longer."""
        self.waiters.close()

    async def _read_page(
        self,
        org_id: str,
        after: int | None,
        types: Collection[EventType] | None,
        limit: int,
        reach: DomainReach | None,
        last: int | None,
    ) -> FeedPage:
        max_examined = limit if types is None and reach is None else self._max_examined

        def query(snapshot: Snapshot) -> tuple[list[Event], int, int]:
            forgotten_sequence = organizations.read_forgotten_sequence(snapshot, org_id)
            last_sequence = organizations.read_last_sequence(snapshot, org_id)
            start = forgotten_sequence if after is None else after
            if last is not None:
                start = max(forgotten_sequence, events.find_sequence_before_last(snapshot, org_id, last))
            # Some events outlive their retention because a delivery needs them; a feed of those would have gaps.
            _check_position(start, forgotten_sequence, last_sequence)
            return (
                events.list_of_org(snapshot, org_id, after=start, limit=max_examined + 1),
                start,
                epoch_of(last_sequence),
            )

        examined_events, start, epoch = await self._context.database.read(query)
        has_more = len(examined_events) > max_examined
        matching_events: list[Event] = []
        position = start
        for event in examined_events[:max_examined]:
            is_covered = reach is None or reach.covers(event.domain_id, read_domain_name(event.body))
            if is_covered and (types is None or event.type in types):
                if len(matching_events) == limit:
                    return FeedPage(events=matching_events, position=position, has_more=True, epoch=epoch)
                matching_events.append(event)
            position = event.sequence
        return FeedPage(events=matching_events, position=position, has_more=has_more, epoch=epoch)


def _check_position(after_sequence: int, forgotten_sequence: int, last_sequence: int) -> None:
    if after_sequence > last_sequence:
        message = (
            f"after is {after_sequence}, but the last event is number {last_sequence}. If the database was restored "
            f"from a backup, read on after {last_sequence}."
        )
        raise InvalidInput("after", message, code="after_the_last_event")
    if after_sequence < forgotten_sequence:
        message = (
            f"The events from number {after_sequence + 1} to {forgotten_sequence} are past their retention. Bring your "
            f"systems up to date from GET /api/domains, then read on after {forgotten_sequence}."
        )
        raise Gone(message, code="events_past_retention")
