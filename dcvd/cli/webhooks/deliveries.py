"""`dcvd delivery`: what organizations' endpoints are sent, and how one that is stuck is explained and freed."""

from pathlib import Path

import click

from dcvd.api.operators.all.views import OrganizationDelivery, OrganizationDeliveryAnswer
from dcvd.api.webhooks.delivery_view import ExplanationAnswer
from dcvd.cli.extents import Listed
from dcvd.cli.operations import Operations, perform
from dcvd.cli.options import (
    build_query,
    config_option,
    format_examples,
    json_option,
    list_options,
    output_option,
    print_json,
    since_option,
    some_organization_option,
)
from dcvd.cli.sent_values import SentOption
from dcvd.cli.terminal.ages import format_instant
from dcvd.cli.terminal.emptiness import describe_nothing
from dcvd.cli.terminal.lists import print_list, print_table
from dcvd.cli.terminal.output import ListOutput, OutputForm
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.webhooks.advice import word_as_commands
from dcvd.cli.webhooks.delivery_facts import print_changed, print_delivery
from dcvd.cli.webhooks.delivery_lists import (
    ATTEMPT_COLUMNS,
    ORGANIZATION_DELIVERY_COLUMNS,
    delivery_argument,
    find_organization_id,
    status_option,
    webhook_option,
)
from dcvd.cli.webhooks.retries import retry
from dcvd.errors import NotFound


@click.group(
    "delivery",
    epilog=format_examples(
        "dcvd delivery list --status dead --since 1d",
        "dcvd delivery explain dlv_…",
        "dcvd delivery retry --dead --org Acme",
    ),
)
def deliveries() -> None:
    """List deliveries of webhooks, say why one does not arrive, send it again, or give it up.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@deliveries.command(
    "list",
    epilog=format_examples(
        "dcvd delivery list --status dead",
        "dcvd delivery list --webhook https://hooks.acme.com/dcvd --since 1d",
        "dcvd delivery list --domain app.customer.com -o wide",
    ),
)
@some_organization_option
@status_option
@webhook_option
@click.option("--event", "events", metavar="TYPE", multiple=True, help="Only of this event; repeat it for several.")
@click.option("--domain", metavar="DOMAIN", help="Only about this domain, by its name or its id.")
@click.option(
    "--request",
    cls=SentOption,
    sends="requestId",
    metavar="ID",
    help="Only what the request with this X-Request-Id has caused.",
)
@since_option("deliveries made")
@list_options()
@config_option
def list_deliveries(
    organization: str | None,
    status: str | None,
    webhook: str | None,
    events: tuple[str, ...],
    domain: str | None,
    request: str | None,
    since: int | None,
    output: ListOutput,
    config: Path,
) -> None:
    """List the deliveries of all organizations, newest first, and what each waits for."""

    async def work(operations: Operations) -> Listed[OrganizationDelivery]:
        webhook_id = None if webhook is None else (await operations.find_webhook(webhook, organization)).id
        query = build_query(
            organization=organization,
            status=status,
            webhookId=webhook_id,
            event=",".join(events) or None,
            domain=domain,
            requestId=request,
            since=since,
        )
        return await operations.list_deliveries(query, output.extent)

    found = perform(config, work)
    print_list(
        found, ORGANIZATION_DELIVERY_COLUMNS, output, member="deliveries", nothing=describe_nothing("deliveries")
    )


@deliveries.command("show", epilog=format_examples("dcvd delivery show dlv_…", "dcvd delivery show dlv_… -o wide"))
@delivery_argument
@some_organization_option
@output_option
@config_option
def show(delivery_id: str, organization: str | None, output: OutputForm, config: Path) -> None:
    """Show DELIVERY, an id, with its body and its latest attempts."""

    async def work(operations: Operations) -> OrganizationDeliveryAnswer:
        shown = await operations.show_delivery(delivery_id)
        if organization not in (None, shown.delivery.organization.id, shown.delivery.organization.name):
            raise NotFound(f"{organization} has no delivery {delivery_id}.")
        return shown

    shown = perform(config, work)
    if output == "json":
        print_json(shown)
        return
    print_delivery(shown)
    if shown.attempts:
        click.echo()
        print_table(shown.attempts, ATTEMPT_COLUMNS, is_wide=output == "wide")


@deliveries.command("explain", epilog=format_examples("dcvd delivery explain dlv_…"))
@delivery_argument
@some_organization_option
@json_option
@config_option
def explain(delivery_id: str, organization: str | None, as_json: bool, config: Path) -> None:
    """Explain what happened to DELIVERY, an id, and what to do, with a command that repeats it."""

    async def work(operations: Operations) -> ExplanationAnswer:
        org_id = await find_organization_id(operations, delivery_id, organization)
        return await operations.explain_delivery(org_id, delivery_id)

    explained = perform(config, work)
    if as_json:
        print_json(explained)
        return
    for text in (explained.explanation.sentence, word_as_commands(explained.explanation.fix_parts)):
        if text:
            print_prose(text)
    if explained.curl is not None:
        until = format_instant(explained.valid_until, missing="")
        print_prose(f"\nTo repeat it (receivers accept this until {until}):\n")
        click.echo(explained.curl)


deliveries.add_command(retry)


@deliveries.command("cancel", epilog=format_examples("dcvd delivery cancel dlv_…"))
@delivery_argument
@some_organization_option
@json_option
@config_option
def cancel(delivery_id: str, organization: str | None, as_json: bool, config: Path) -> None:
    """Give up DELIVERY, an id, which has not ended; the next one of its domain is sent at once."""

    async def work(operations: Operations) -> OrganizationDeliveryAnswer:
        await operations.cancel_delivery(await find_organization_id(operations, delivery_id, organization), delivery_id)
        return await operations.show_delivery(delivery_id)

    print_changed(perform(config, work), as_json=as_json)
