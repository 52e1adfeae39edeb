"""Events for eyes: the columns of their list, and a line for each that comes."""

from typing import Any, Final

import msgspec

from dcvd.api.operators.all.views import OrganizationEvent
from dcvd.cli.terminal.columns import Age, Column
from dcvd.cli.terminal.organizations import ORGANIZATION_COLUMN
from dcvd.cli.terminal.text import make_harmless

_SUBJECTS: Final = ("domain_name", "endpoint_id", "delivery_id", "job_id", "connection_id")


def find_subject(event: OrganizationEvent) -> str:
    """Find what an event is about: the name of its domain, else the first id that it has."""
    data: dict[str, Any] = msgspec.json.decode(event.data)
    return next((value for name in _SUBJECTS if isinstance(value := data.get(name), str)), "")


def show_data(event: OrganizationEvent) -> str:
    """Show the data of an event as JSON in one line."""
    return bytes(event.data).decode()


EVENT_COLUMNS: Final[tuple[Column[OrganizationEvent], ...]] = (
    Column(heading="at", cell=lambda each: Age(each.timestamp)),
    ORGANIZATION_COLUMN,
    Column(heading="event", cell=lambda each: each.event.value),
    Column(heading="about", cell=find_subject, shortest=12, gives_way=3),
    Column(heading="no.", cell=lambda each: str(each.sequence), gives_way=1),
    Column(heading="id", cell=lambda each: each.id, gives_way=2),
    Column(heading="data", cell=show_data, only_wide=True),
)


def format_line(event: OrganizationEvent, *, is_wide: bool) -> str:
    """Format an event as one line."""
    parts = [event.timestamp, event.organization.name, event.event.value, find_subject(event), event.id]
    if is_wide:
        parts.append(show_data(event))
    return make_harmless("  ".join(part for part in parts if part))
