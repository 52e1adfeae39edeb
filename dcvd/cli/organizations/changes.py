"""`dcvd org show`, `rename`, `quota`, `suspend` and `resume`: one organization, and changes of it."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import click

from dcvd.api.operators.view import OrganizationOverviewView
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.ages import format_age, format_instant, read_clock
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.tables import format_table

_DEFAULT: str = "default"
"""What stands behind a quota's name for the value that is configured for all."""

organization_argument = click.argument("organization", metavar="ORG")


def _parse_quotas(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> dict[str, int | None]:
    """Parse `name=number` and `name=default`."""
    quotas: dict[str, int | None] = {}
    for value in values:
        name, equals, number = value.partition("=")
        if not equals or not (number == _DEFAULT or (number.isascii() and number.isdigit())):
            raise click.BadParameter(f"{value!r} is not NAME=NUMBER, nor NAME={_DEFAULT}.")
        quotas[name] = None if number == _DEFAULT else int(number)
    return quotas


@click.command(
    "show", epilog=format_examples("dcvd org show Acme", "dcvd org show Acme --json | jq .organization.counts")
)
@organization_argument
@json_option
@config_option
def show(organization: str, as_json: bool, config: Path) -> None:
    """Show ORG: its status, its quotas, and how much it has of each thing."""
    _print(_change(organization, config, lambda operations, org_id: operations.show_organization(org_id)), as_json)


@click.command("rename", epilog=format_examples("dcvd org rename Acme 'Acme Pages'"))
@organization_argument
@click.argument("name")
@json_option
@config_option
def rename(organization: str, name: str, as_json: bool, config: Path) -> None:
    """Rename ORG to NAME, which no other organization has. Its id stays."""
    overview = _change(
        organization, config, lambda operations, org_id: operations.change_organization(org_id, name=name, quotas=None)
    )
    _print(overview, as_json)


@click.command(
    "quota",
    epilog=format_examples(
        "dcvd org quota Acme domains=5000 reads_per_minute=6000",
        "dcvd org quota Acme endpoints=0 tokens=default  # 0 is no limit",
    ),
)
@organization_argument
@click.argument("quotas", metavar="NAME=NUMBER…", nargs=-1, required=True, callback=_parse_quotas)
@json_option
@config_option
def quota(organization: str, quotas: dict[str, int | None], as_json: bool, config: Path) -> None:
    """Set how much ORG may have, and how often it may ask. NAME=default goes back to what [limits] configures for all.

    What ORG has already stays, also where it is more.
    """
    overview = _change(
        organization,
        config,
        lambda operations, org_id: operations.change_organization(org_id, name=None, quotas=quotas),
    )
    _print(overview, as_json)


@click.command("suspend", epilog=format_examples("dcvd org suspend Acme"))
@organization_argument
@json_option
@config_option
def suspend(organization: str, as_json: bool, config: Path) -> None:
    """Refuse all tokens of ORG at once, until `dcvd org resume`. Checks and webhooks go on."""
    _print(_change(organization, config, lambda operations, org_id: operations.suspend_organization(org_id)), as_json)


@click.command("resume", epilog=format_examples("dcvd org resume Acme"))
@organization_argument
@json_option
@config_option
def resume(organization: str, as_json: bool, config: Path) -> None:
    """Let the tokens of ORG work again."""
    _print(_change(organization, config, lambda operations, org_id: operations.resume_organization(org_id)), as_json)


def _change(
    organization: str, config: Path, work: Callable[[Operations, str], Awaitable[OrganizationOverviewView]]
) -> OrganizationOverviewView:
    async def find_and_work(operations: Operations) -> OrganizationOverviewView:
        found = await find_organization(operations, organization)
        return await work(operations, found.id)

    return perform(config, find_and_work)


def _print(overview: OrganizationOverviewView, as_json: bool) -> None:  # as click passes it
    if as_json:
        print_json({"organization": overview})
        return
    facts = [
        ("Name", overview.name),
        ("Id", overview.id),
        ("Status", overview.status.value),
        ("Created", format_instant(overview.created_at, missing="")),
        ("Domains", _describe_domains(overview)),
        ("Webhooks", f"{overview.failing_webhooks} failing, {overview.disabled_webhooks} disabled"),
        ("Dead deliveries", _format_count(overview, overview.dead_deliveries)),
        (
            "Jobs",
            f"{_format_count(overview, overview.pending_jobs)} pending, "
            f"{_format_count(overview, overview.dead_jobs)} dead",
        ),
        ("Events so far", str(overview.events)),
        ("Last event", _format_last(overview.last_event_at)),
        ("Last request", _format_last(overview.last_request_at)),
    ]
    print_facts(facts)
    rows = [
        (
            name,
            _format_count(overview, overview.counts[name]) if name in overview.counts else "",
            "no limit" if not limit else str(limit),
            "its own" if name in overview.own_quotas else "",
        )
        for name, limit in (*overview.quotas.items(), *overview.rates.items())
    ]
    click.echo()
    click.echo(format_table(("quota", "has", "may have", ""), rows))


def _describe_domains(overview: OrganizationOverviewView) -> str:
    counts = [
        (overview.ready_domains, "ready"),
        (overview.error_domains, "in error"),
    ]
    parts = ", ".join(f"{_format_count(overview, count)} {name}" for count, name in counts)
    return f"{_format_count(overview, overview.domains)}: {parts}"


def _format_last(instant: str | None) -> str:
    if instant is None:
        return "never"
    return f"{format_instant(instant, missing='')} ({format_age(instant, read_clock())})"


def _format_count(overview: OrganizationOverviewView, count: int) -> str:
    return f"{count} or more" if count >= overview.counted_up_to else str(count)
