"""`dcvd webhook`: organizations' endpoints: their health, tests of them, and the order of their events."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from dcvd.api.operators.all.views import OrganizationWebhook
from dcvd.api.webhooks.conformance_view import ConformanceAnswer, ProbeView
from dcvd.cli.operations import Operations, perform
from dcvd.cli.operations.webhooks import TestedDelivery
from dcvd.cli.options import (
    build_query,
    config_option,
    format_examples,
    json_option,
    list_options,
    output_option,
    print_json,
    some_organization_option,
)
from dcvd.cli.terminal.columns import Column
from dcvd.cli.terminal.emptiness import describe_nothing
from dcvd.cli.terminal.lists import print_list, print_table
from dcvd.cli.terminal.output import ListOutput, OutputForm
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.webhooks.endpoint_facts import WEBHOOK_COLUMNS, print_webhook
from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.core.webhooks.health import EndpointCondition
from dcvd.core.webhooks.ordering import Ordering

_PASSED: Final = {True: "passed", False: "failed", None: "unknown"}
_PROBE_COLUMNS: Final[tuple[Column[ProbeView], ...]] = (
    Column(heading="probe", cell=lambda each: each.kind.value),
    Column(
        heading="result",
        cell=lambda each: _PASSED[each.passed],
        tone=lambda each: "doubtful" if each.passed is None else "good" if each.passed else "bad",
    ),
    Column(heading="status", cell=lambda each: "none" if each.status_code is None else str(each.status_code)),
    Column(heading="verdict", cell=lambda each: each.verdict, shortest=20),
)
_webhook_argument = click.argument("webhook", metavar="WEBHOOK")


@click.group(
    "webhook",
    epilog=format_examples(
        "dcvd webhook list --health failing",
        "dcvd webhook show https://hooks.acme.com/dcvd",
        "dcvd webhook test wh_… --event domain.active",
    ),
)
def webhooks() -> None:
    """Say how endpoints of webhooks are, test them, and say whether events of one domain wait for each other there.

    WEBHOOK is the id of an endpoint, its URL, or its name.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself); tests need it.
    """


@webhooks.command(
    "list", epilog=format_examples("dcvd webhook list --health disabled", "dcvd webhook list --org Acme -o wide")
)
@some_organization_option
@click.option(
    "--health",
    type=click.Choice([condition.value for condition in EndpointCondition]),
    help="Only of this health; paused: nothing is sent for a while, as they asked.",
)
@list_options()
@config_option
def list_webhooks(organization: str | None, health: str | None, output: ListOutput, config: Path) -> None:
    """List the endpoints of all organizations, newest first."""
    query = build_query(organization=organization, health=health)
    found = perform(config, lambda operations: operations.list_webhooks(query, output.extent))
    print_list(found, WEBHOOK_COLUMNS, output, member="webhooks", nothing=describe_nothing("webhooks"))


@webhooks.command("show", epilog=format_examples("dcvd webhook show wh_…", "dcvd webhook show billing --org Acme"))
@_webhook_argument
@some_organization_option
@output_option
@config_option
def show(webhook: str, organization: str | None, output: OutputForm, config: Path) -> None:
    """Show WEBHOOK with its health and how its attempts went."""

    async def work(operations: Operations) -> OrganizationWebhook:
        return await operations.show_webhook((await operations.find_webhook(webhook, organization)).id)

    shown = perform(config, work)
    print_json({"webhook": shown}) if output == "json" else print_webhook(shown)


@webhooks.command(
    "test", epilog=format_examples("dcvd webhook test wh_…", "dcvd webhook test billing --event domain.active")
)
@_webhook_argument
@some_organization_option
@click.option("--event", "event_type", metavar="TYPE", help="An example of this event, instead of webhook.test.")
@json_option
@config_option
def test(webhook: str, organization: str | None, event_type: str | None, as_json: bool, config: Path) -> int:
    """Send one test to WEBHOOK now; exits with 1 if it is not delivered."""

    async def work(operations: Operations) -> TestedDelivery:
        found = await operations.find_webhook(webhook, organization)
        return await operations.test_webhook(found.organization.id, found.id, event_type)

    result = perform(config, work)
    if as_json:
        print_json(result)
    elif result.explanation is None:
        print_prose(f"It was delivered in {result.attempt.timings.total_ms} ms.")
    else:
        print_prose(" ".join(filter(None, (result.explanation.sentence, result.explanation.fix))))
    return 0 if result.delivery.status is DeliveryStatus.DELIVERED else 1


@webhooks.command("conformance", epilog=format_examples("dcvd webhook conformance https://hooks.acme.com/dcvd"))
@_webhook_argument
@some_organization_option
@json_option
@config_option
def conformance(webhook: str, organization: str | None, as_json: bool, config: Path) -> int:
    """Test whether WEBHOOK refuses what is forged or old; exits with 1 if it does not pass.

    It is sent a good delivery, the same again, a forged and an old one.
    """

    async def work(operations: Operations) -> ConformanceAnswer:
        found = await operations.find_webhook(webhook, organization)
        return await operations.check_conformance(found.organization.id, found.id)

    report = perform(config, work)
    if as_json:
        print_json(report)
    else:
        print_table(report.probes, _PROBE_COLUMNS, is_wide=False)
        print_prose(f"\n{report.summary}")
    return 0 if report.conforms else 1


@webhooks.command("enable", epilog=format_examples("dcvd webhook enable wh_…"))
@_webhook_argument
@some_organization_option
@json_option
@config_option
def enable(webhook: str, organization: str | None, as_json: bool, config: Path) -> None:
    """Send to WEBHOOK again, also what was held for it."""
    _change({"enabled": True}, webhook, organization, as_json=as_json, config=config)


@webhooks.command("disable", epilog=format_examples("dcvd webhook disable https://hooks.acme.com/dcvd"))
@_webhook_argument
@some_organization_option
@json_option
@config_option
def disable(webhook: str, organization: str | None, as_json: bool, config: Path) -> None:
    """Send nothing to WEBHOOK; its events are held for it."""
    _change({"enabled": False}, webhook, organization, as_json=as_json, config=config)


@webhooks.command("order", epilog=format_examples("dcvd webhook order wh_… none"))
@_webhook_argument
@click.argument("ordering", type=click.Choice([ordering.value for ordering in Ordering]))
@some_organization_option
@json_option
@config_option
def order(webhook: str, ordering: str, organization: str | None, as_json: bool, config: Path) -> None:
    """Let events of one domain wait for each other at WEBHOOK (domain), or let none wait (none).

    It counts for what waits already.
    """
    _change({"ordering": ordering}, webhook, organization, as_json=as_json, config=config)


def _change(
    change: Mapping[str, object], webhook: str, organization: str | None, *, as_json: bool, config: Path
) -> None:
    async def work(operations: Operations) -> OrganizationWebhook:
        found = await operations.find_webhook(webhook, organization)
        await operations.change_webhook(found.organization.id, found.id, change)
        return await operations.show_webhook(found.id)

    changed = perform(config, work)
    print_json({"webhook": changed}) if as_json else print_webhook(changed)
