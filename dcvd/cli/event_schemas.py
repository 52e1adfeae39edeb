"""`dcvd event-schema`: prints the JSON Schemas of events, without a daemon and without a configuration."""

import json

import click

from dcvd.cli.options import format_examples
from dcvd.cli.terminal.facts import print_facts
from dcvd.core.event_schemas.data import EVENT_DATA
from dcvd.core.event_schemas.documents import build_event_schema
from dcvd.core.events import EventType


@click.command(
    "event-schema",
    epilog=format_examples("dcvd event-schema", "dcvd event-schema domain.active > domain.active.json"),
)
@click.argument("event", required=False, type=click.Choice([each.value for each in EventType]), metavar="[EVENT]")
def event_schema(event: str | None) -> None:
    """List the types of events, or print the JSON Schema (Draft 2020-12) of the body of one of them."""
    if event is None:
        print_facts([(each.value, EVENT_DATA[each][0]) for each in EventType])
        return
    click.echo(json.dumps(build_event_schema(EventType(event)), indent=2, ensure_ascii=False))
