"""`dcvd delivery retry`: one delivery now, or all dead letters."""

from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from dcvd.api.jobs.view import JobView
from dcvd.api.operators.all.views import OrganizationDeliveryAnswer
from dcvd.api.operators.organization_reference import OrganizationReference
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import check_id, config_option, format_examples, json_option, print_json, some_organization_option
from dcvd.cli.terminal.columns import Column
from dcvd.cli.terminal.emptiness import describe_nothing
from dcvd.cli.terminal.lists import print_table
from dcvd.cli.terminal.organizations import ORGANIZATION_COLUMN
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.webhooks.delivery_facts import print_changed
from dcvd.cli.webhooks.delivery_lists import find_organization_id, webhook_option
from dcvd.core.ids import IdPrefix


class StartedReplay(Struct, frozen=True):
    """How many dead letters of an organization are sent again, and the job that makes them due."""

    organization: OrganizationReference
    count: int
    job: JobView | None


_COLUMNS: Final[tuple[Column[StartedReplay], ...]] = (
    ORGANIZATION_COLUMN,
    Column(heading="dead letters", cell=lambda each: str(each.count)),
    Column(heading="job", cell=lambda each: "" if each.job is None else each.job.id),
)


@click.command(
    "retry",
    epilog=format_examples(
        "dcvd delivery retry dlv_…",
        "dcvd delivery retry --dead --webhook https://hooks.acme.com/dcvd",
        "dcvd delivery retry --dead --org Acme",
        "dcvd delivery retry --dead",
    ),
)
@click.argument("delivery_id", metavar="[DELIVERY]", required=False, callback=check_id(IdPrefix.DELIVERY, "delivery"))
@click.option("--dead", "all_dead", is_flag=True, help="Send all dead letters again instead, by a job.")
@webhook_option
@some_organization_option
@json_option
@config_option
def retry(
    delivery_id: str | None,
    all_dead: bool,
    webhook: str | None,
    organization: str | None,
    as_json: bool,
    config: Path,
) -> None:
    """Send DELIVERY, an id, now; or with --dead all dead letters, each with its full schedule.

    A delivery that waits for an earlier one is refused, and names that one.
    """
    if (delivery_id is None) is not all_dead:
        raise click.UsageError("Give a DELIVERY, or --dead for all dead letters; one of both.")
    if delivery_id is None:
        _retry_dead(webhook, organization, as_json=as_json, config=config)
        return
    if webhook is not None:
        raise click.UsageError("--webhook goes with --dead.")

    async def work(operations: Operations) -> OrganizationDeliveryAnswer:
        await operations.retry_delivery(await find_organization_id(operations, delivery_id, organization), delivery_id)
        return await operations.show_delivery(delivery_id)

    print_changed(perform(config, work), as_json=as_json)


def _retry_dead(webhook: str | None, organization: str | None, *, as_json: bool, config: Path) -> None:
    async def work(operations: Operations) -> list[StartedReplay]:
        webhook_id: str | None = None
        if webhook is not None:
            found = await operations.find_webhook(webhook, organization)
            organizations, webhook_id = [found.organization], found.id
        elif organization is not None:
            named = await find_organization(operations, organization)
            organizations = [OrganizationReference(named.id, named.name)]
        else:
            summaries = (await operations.list_organization_summaries()).items
            organizations = [OrganizationReference(each.id, each.name) for each in summaries if each.dead_deliveries]
        started: list[StartedReplay] = []
        for each in organizations:
            replay = await operations.retry_dead_deliveries(each.id, webhook_id)
            started.append(StartedReplay(each, replay.count, replay.job))
        return started

    replays = perform(config, work)
    if as_json:
        print_json({"replays": replays})
    elif not any(replay.count for replay in replays):
        print_prose(describe_nothing("dead letters"), err=True)
    else:
        print_table(replays, _COLUMNS, is_wide=False)
