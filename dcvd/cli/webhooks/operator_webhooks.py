"""`dcvd operator-webhook`: the operator's own endpoints, which are sent the events of all organizations."""

from pathlib import Path
from typing import Final

import click
from msgspec import UNSET

from dcvd.api.webhooks.delivery_view import DeliveryView
from dcvd.api.webhooks.view import WebhookView
from dcvd.cli.extents import Listed
from dcvd.cli.operations import Operations, perform_at_daemon
from dcvd.cli.options import (
    check_id,
    config_option,
    format_examples,
    json_option,
    list_options,
    print_json,
    read_duration_ms,
)
from dcvd.cli.sent_values import SentOption
from dcvd.cli.terminal.columns import Column
from dcvd.cli.terminal.emptiness import describe_nothing
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.lists import print_list
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.tables import format_instant
from dcvd.cli.webhooks.delivery_lists import DELIVERY_COLUMNS, status_option
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import SECOND
from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.core.webhooks.ordering import Ordering

_WAIT_S: Final = 20
"""Seconds that one call waits for events; less than the time within which the daemon has to answer."""
_COLUMNS: Final[tuple[Column[WebhookView], ...]] = (
    Column(heading="id", cell=lambda each: each.id),
    Column(heading="URL", cell=lambda each: each.url, shortest=16),
    Column(heading="health", cell=lambda each: each.health.status.value),
    Column(heading="events", cell=lambda each: " ".join(each.events), shortest=12, gives_way=1),
)
_webhook_argument = click.argument(
    "webhook_id", metavar="WEBHOOK", callback=check_id(IdPrefix.ENDPOINT, "operator-webhook")
)


_delivery_argument = click.argument(
    "delivery_id",
    metavar="DELIVERY",
    callback=check_id(IdPrefix.DELIVERY, "delivery", listed_by="dcvd operator-webhook deliveries"),
)


@click.group(
    "operator-webhook",
    epilog=format_examples(
        "dcvd operator-webhook create https://ops.example.net/dcvd --event 'system.*' --event domain.error",
        "dcvd operator-webhook deliveries --status dead",
    ),
)
def operator_webhooks() -> None:
    """Send the events of all organizations, and what dcvd itself lacks, to your own programs.

    Works while the daemon runs, over its unix socket. Events are kept for your programs from the first endpoint on.
    """


@operator_webhooks.command("create", epilog=format_examples("dcvd operator-webhook create https://… --event '*'"))
@click.argument("url")
@click.option(
    "--event",
    "events",
    multiple=True,
    required=True,
    help="A type, a family such as domain.*, or *; repeat it.",
)
@click.option("--ordering", type=click.Choice([ordering.value for ordering in Ordering]), help="Whether events wait.")
@json_option
@config_option
def create(url: str, events: tuple[str, ...], ordering: str | None, as_json: bool, config: Path) -> None:
    """Add an endpoint at URL, and print its secrets, which are never shown again."""
    body: dict[str, object] = {"url": url, "events": list(events)}
    if ordering is not None:
        body["ordering"] = ordering
    _print_webhook(perform_at_daemon(config, lambda daemon: daemon.create_program_webhook(body)), as_json=as_json)


@operator_webhooks.command("list")
@list_options(limit=None)
@config_option
def list_webhooks(output: ListOutput, config: Path) -> None:
    """List your endpoints, newest first."""
    found = perform_at_daemon(config, lambda daemon: daemon.list_program_webhooks(output.extent))
    print_list(
        found,
        _COLUMNS,
        output,
        member="webhooks",
        nothing=describe_nothing("webhooks of yours", "dcvd operator-webhook create URL --event TYPE"),
    )


@operator_webhooks.command("show")
@_webhook_argument
@json_option
@config_option
def show(webhook_id: str, as_json: bool, config: Path) -> None:
    """Show WEBHOOK, an id, with its health."""
    _print_webhook(perform_at_daemon(config, lambda daemon: daemon.show_program_webhook(webhook_id)), as_json=as_json)


@operator_webhooks.command("change", epilog=format_examples("dcvd operator-webhook change wh_… --enable"))
@_webhook_argument
@click.option("--url", help="Where its events go from now on.")
@click.option("--event", "events", multiple=True, help="What it gets from now on; repeat it.")
@click.option("--ordering", type=click.Choice([ordering.value for ordering in Ordering]), help="Whether events wait.")
@click.option("--enable/--disable", "enabled", default=None, help="Whether anything is sent to it.")
@json_option
@config_option
def change(
    webhook_id: str,
    url: str | None,
    events: tuple[str, ...],
    ordering: str | None,
    enabled: bool | None,
    as_json: bool,
    config: Path,
) -> None:
    """Change WEBHOOK, an id; what is not given stays."""
    given = {"url": url, "events": list(events) or None, "ordering": ordering, "enabled": enabled}
    body = {name: value for name, value in given.items() if value is not None}
    if not body:
        raise click.UsageError("There is nothing to change: give --url, --event, --ordering, --enable or --disable.")
    changed = perform_at_daemon(config, lambda daemon: daemon.change_program_webhook(webhook_id, body))
    _print_webhook(changed, as_json=as_json)


@operator_webhooks.command("delete")
@_webhook_argument
@json_option
@config_option
def delete(webhook_id: str, as_json: bool, config: Path) -> None:
    """Remove WEBHOOK, an id, with all its deliveries."""
    perform_at_daemon(config, lambda daemon: daemon.remove_program_webhook(webhook_id))
    print_json({"removed": webhook_id}) if as_json else print_prose(f"{webhook_id} is removed.")


@operator_webhooks.command(
    "rotate-secret", epilog=format_examples("dcvd operator-webhook rotate-secret wh_… --grace 1h")
)
@_webhook_argument
@click.option(
    "--grace",
    cls=SentOption,
    sends="graceSeconds",
    metavar="DURATION",
    default="24h",
    show_default=True,
    help="How long the old secret signs too.",
)
@json_option
@config_option
def rotate_secret(webhook_id: str, grace: str, as_json: bool, config: Path) -> None:
    """Make a new secret for WEBHOOK, an id."""
    grace_s = read_duration_ms(grace) // SECOND
    rotated = perform_at_daemon(config, lambda daemon: daemon.rotate_program_secret(webhook_id, grace_s))
    if as_json:
        print_json(rotated)
    else:
        _print_webhook(rotated.webhook, as_json=False)
        print_prose(f"The old secret signs until {format_instant(rotated.previous_expires_at, missing='now')}.")


@operator_webhooks.command("test")
@_webhook_argument
@json_option
@config_option
def test(webhook_id: str, as_json: bool, config: Path) -> None:
    """Send one webhook.test to WEBHOOK, an id, now; exits with 1 if it is not delivered."""
    result = perform_at_daemon(config, lambda daemon: daemon.test_program_webhook(webhook_id))
    is_delivered = result.delivery.status is DeliveryStatus.DELIVERED
    if as_json:
        print_json(result)
    elif result.explanation is None:
        print_prose("It was delivered.")
    else:
        print_prose(" ".join(filter(None, (result.explanation.sentence, result.explanation.fix))))
    if not is_delivered:
        raise SystemExit(1)


@operator_webhooks.command("deliveries", epilog=format_examples("dcvd operator-webhook deliveries --status dead"))
@click.option(
    "--webhook",
    "webhook_id",
    metavar="WEBHOOK",
    callback=check_id(IdPrefix.ENDPOINT, "operator-webhook"),
    help="Only those to this endpoint, an id.",
)
@status_option
@list_options()
@config_option
def list_deliveries(webhook_id: str | None, status: str | None, output: ListOutput, config: Path) -> None:
    """List the deliveries to your endpoints, newest first."""
    wanted_status = None if status is None else DeliveryStatus(status)
    found = perform_at_daemon(
        config, lambda daemon: daemon.list_program_deliveries(webhook_id, wanted_status, output.extent)
    )
    print_list(found, DELIVERY_COLUMNS, output, member="deliveries", nothing=describe_nothing("deliveries"))


@operator_webhooks.command("retry")
@_delivery_argument
@json_option
@config_option
def retry(delivery_id: str, as_json: bool, config: Path) -> None:
    """Send DELIVERY, an id, now."""
    sent = perform_at_daemon(config, lambda daemon: daemon.retry_program_delivery(delivery_id))
    _print_delivery(sent, as_json=as_json)


@operator_webhooks.command("cancel")
@_delivery_argument
@json_option
@config_option
def cancel(delivery_id: str, as_json: bool, config: Path) -> None:
    """Give up DELIVERY, an id, which has not ended."""
    cancelled = perform_at_daemon(config, lambda daemon: daemon.cancel_program_delivery(delivery_id))
    _print_delivery(cancelled, as_json=as_json)


@operator_webhooks.command("events", epilog=format_examples("dcvd operator-webhook events --after 41 --follow | jq"))
@click.option("--after", metavar="NUMBER", help="Only those after this number; else from the oldest that is stored.")
@click.option("--follow", is_flag=True, help="Go on, and print each event as it happens.")
@config_option
def print_events(after: str | None, follow: bool, config: Path) -> None:
    """Print the events of all organizations in order, each a line of JSON as webhooks carry it."""

    async def work(daemon: Operations) -> None:
        position = after
        while True:
            page = await daemon.read_program_events(position, _WAIT_S if follow else 0)
            for event in page.events:
                click.echo(bytes(event))
            position = page.next_cursor
            if not (follow or page.has_more):
                return

    perform_at_daemon(config, work)


def _print_delivery(delivery: DeliveryView, *, as_json: bool) -> None:
    if as_json:
        print_json({"delivery": delivery})
    else:
        print_list(Listed([delivery]), DELIVERY_COLUMNS, ListOutput(), member="deliveries", nothing="")


def _print_webhook(webhook: WebhookView, *, as_json: bool) -> None:
    if as_json:
        print_json({"webhook": webhook})
        return
    facts = [
        ("Id", webhook.id),
        ("URL", webhook.url),
        ("Events", " ".join(webhook.events)),
        ("Ordering", webhook.ordering.value),
        ("Health", webhook.health.status.value),
    ]
    if webhook.secret is not UNSET and webhook.signing_secret is not UNSET:
        facts += [("Secret", webhook.secret), ("Signing secret", webhook.signing_secret)]
    print_facts(facts)
