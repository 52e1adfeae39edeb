"""`dcvd event list` and `dcvd event show`."""

import asyncio
import os
from pathlib import Path
from typing import Final

import click
import msgspec

from dcvd.api.operators.all.views import OrganizationEvent
from dcvd.cli.events.follower import EventFollower
from dcvd.cli.events.lines import EVENT_COLUMNS, format_line, show_data
from dcvd.cli.operations import perform
from dcvd.cli.options import (
    build_query,
    check_id,
    config_option,
    format_examples,
    list_options,
    output_option,
    print_json,
    since_option,
    some_organization_option,
    was_given,
)
from dcvd.cli.terminal.emptiness import describe_nothing
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.lists import print_list, print_table
from dcvd.cli.terminal.output import ListOutput, OutputForm
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.signals import run_until_signal
from dcvd.cli.webhooks.delivery_lists import DELIVERY_COLUMNS
from dcvd.config import load
from dcvd.core.ids import IdPrefix

_MAX_LAST: Final = 1_000
_event_argument = click.argument("event_id", metavar="EVENT", callback=check_id(IdPrefix.EVENT, "event"))


@click.group(
    "event",
    epilog=format_examples("dcvd event list --type domain.error --since 1d", "dcvd event list --follow --json | jq"),
)
def events() -> None:
    """List the events of all organizations, or print them as they come.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself); --follow needs
    it.
    """


@events.command(
    "list",
    epilog=format_examples(
        "dcvd event list --org Acme --type 'domain.*'",
        "dcvd event list --domain app.customer.com -o wide",
        "dcvd event list --follow --last 10",
        "dcvd event list --follow --json | jq -c 'select(.event == \"domain.error\")'",
    ),
)
@some_organization_option
@click.option("--type", "types", metavar="TYPE", multiple=True, help="Only of this type, or a family; repeat it.")
@click.option("--domain", metavar="DOMAIN", help="Only about this domain, by its name or its id.")
@since_option("events")
@click.option("--follow", is_flag=True, help="Print new events as they come, until Ctrl-C.")
@click.option(
    "--last",
    type=click.IntRange(0, _MAX_LAST),
    metavar="N",
    help="With --follow: print the last N of them first.",
)
@list_options()
@config_option
def list_events(
    organization: str | None,
    types: tuple[str, ...],
    domain: str | None,
    since: int | None,
    follow: bool,
    last: int | None,
    output: ListOutput,
    config: Path,
) -> None:
    """List the events of all organizations, newest first; with --follow print new ones, in the order of their commits.

    --follow goes on across a restart of the daemon, and prints a line for each event; with --json that is its JSON.
    """
    query = build_query(organization=organization, types=",".join(types) or None, domain=domain)
    if follow:
        if since is not None or was_given("limit") or was_given("takes_all"):
            raise click.UsageError("--since, --limit and --all do not go with --follow: use --last.")
        _follow(query, output.form, last or 0, config)
        return
    if last is not None:
        raise click.UsageError("--last goes with --follow: use --limit.")
    query |= build_query(since=since)
    found = perform(config, lambda operations: operations.list_events(query, output.extent))
    print_list(found, EVENT_COLUMNS, output, member="events", nothing=describe_nothing("events"))


@events.command("show", epilog=format_examples("dcvd event show evt_…"))
@_event_argument
@output_option
@config_option
def show(event_id: str, output: OutputForm, config: Path) -> None:
    """Show EVENT, an id, with its data and how its deliveries stand."""
    shown = perform(config, lambda operations: operations.show_event(event_id))
    if output == "json":
        print_json(shown)
        return
    event = shown.event
    print_facts(
        [
            ("Id", event.id),
            ("Organization", event.organization.name),
            ("Number", str(event.sequence)),
            ("Event", event.event.value),
            ("At", event.timestamp),
            ("Domain", event.domain_id or ""),
            ("Data", show_data(event)),
            ("Deliveries", "" if shown.deliveries else "none"),
        ]
    )
    if shown.deliveries:
        click.echo()
        print_table(shown.deliveries, DELIVERY_COLUMNS, is_wide=output == "wide")


class _Console:
    """Prints a line for each event; what becomes of the daemon is for people."""

    def __init__(self, form: OutputForm) -> None:
        self._form = form

    def show_event(self, event: OrganizationEvent) -> None:
        as_json = self._form == "json"
        click.echo(msgspec.json.encode(event) if as_json else format_line(event, is_wide=self._form == "wide"))

    def show_lost(self) -> None:
        if self._form != "json":
            print_prose("The daemon is away; waiting for it. No event is lost.", err=True)

    def show_found(self) -> None:
        if self._form != "json":
            print_prose("The daemon is back.", err=True)


def _follow(query: dict[str, str], form: OutputForm, last: int, config: Path) -> None:
    socket = load(config, os.environ, need_cloudflare=False).config.server.socket
    asyncio.run(run_until_signal(EventFollower(socket, query, _Console(form), last=last).run()))
