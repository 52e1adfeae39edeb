"""An event as a page shows it."""

import msgspec
from msgspec import Struct

from dcvd.core.event_sentences import describe_event, find_reason
from dcvd.core.events import Event, EventType, read_domain_name
from dcvd.core.sentences.rendering import Language, render


class EventView(Struct, frozen=True, kw_only=True):
    """An event. sentence: what it says; reason: what is wrong, in English. body: its bytes; pretty: on many lines."""

    id: str
    sequence: int
    type: EventType
    created_at: int
    domain_id: str | None
    domain_name: str | None
    request_id: str | None
    sentence: str
    reason: str | None
    body: str
    pretty: str


def view_event(event: Event, language: Language) -> EventView:
    """Show an event in a language."""
    return EventView(
        id=event.id,
        sequence=event.sequence,
        type=event.type,
        created_at=event.created_at,
        domain_id=event.domain_id,
        domain_name=read_domain_name(event.body),
        request_id=event.request_id,
        sentence=render((describe_event(event),), language),
        reason=find_reason(event),
        body=event.body.decode(),
        pretty=msgspec.json.format(event.body, indent=2).decode(),
    )
