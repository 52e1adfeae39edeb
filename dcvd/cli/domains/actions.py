"""`dcvd domain add`, `remove` and `check`: what an operator does to one domain."""

from pathlib import Path
from typing import Final, Literal, TypeVar, get_args

import click

from dcvd.api.domains.input import NewDomain
from dcvd.api.domains.record_view import LeftRecordView, RequiredRecordView
from dcvd.api.domains.view import DomainView, RemovedAnswer
from dcvd.api.operators.domain_view import OperatorDomainView
from dcvd.cli.domains.argument import domain_argument, optional_organization_option
from dcvd.cli.domains.labels import read_labels
from dcvd.cli.domains.report import TURNS, describe_status
from dcvd.cli.operations import Operations, find_organization, perform, perform_at_daemon
from dcvd.cli.operations.domain_answers import CheckOutput
from dcvd.cli.options import config_option, format_examples, json_option, organization_option, print_json
from dcvd.cli.terminal.columns import Column
from dcvd.cli.terminal.facts import print_facts
from dcvd.cli.terminal.lists import format_list
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.screen import find_screen
from dcvd.core.domains.domain import ValidationMethod

_R = TypeVar("_R")
_TO_CREATE: Final[tuple[Column[RequiredRecordView], ...]] = (
    Column(heading="type", cell=lambda each: each.type),
    Column(heading="name", cell=lambda each: each.fqdn),
    Column(heading="value", cell=lambda each: each.value or "(known once it is registered)"),
)
_TO_REMOVE: Final[tuple[Column[LeftRecordView], ...]] = (
    Column(heading="type", cell=lambda each: each.type),
    Column(heading="name", cell=lambda each: each.fqdn),
    Column(heading="value", cell=lambda each: each.value),
    Column(heading="by", cell=lambda each: "a job of dcvd" if each.being_removed else "the customer"),
)


@click.command(
    "add",
    epilog=format_examples(
        "dcvd domain add app.customer.com --org Acme",
        "dcvd domain add customer.com --org Acme --validation delegated --wildcard --label tier=gold",
    ),
)
@domain_argument
@organization_option
@click.option(
    "--validation", type=click.Choice(get_args(ValidationMethod)), help="How the CA is shown whose the name is."
)
@click.option("--wildcard", is_flag=True, help="Also *.NAME; needs delegated validation.")
@click.option("--external-id", metavar="ID", help="The organization's own id of it.")
@click.option(
    "--label", "labels", metavar="KEY=VALUE", multiple=True, callback=read_labels, help="A label of it; repeatable."
)
@json_option
@config_option
def add_domain(
    name: str,
    organization: str,
    validation: Literal["http", "delegated"] | None,
    wildcard: bool,
    external_id: str | None,
    labels: dict[str, str],
    as_json: bool,
    config: Path,
) -> None:
    """Add the hostname NAME to an organization, and say which records its owner has to create.

    The running daemon registers it at Cloudflare in its turn; without one that happens once it runs.
    """
    new = NewDomain(domain_name=name, validation=validation, wildcard=wildcard, external_id=external_id, labels=labels)

    async def work(operations: Operations) -> DomainView:
        return await operations.add_domain((await find_organization(operations, organization)).id, new)

    domain = perform(config, work)
    if as_json:
        print_json({"domain": domain})
        return
    print_prose(f"Added {domain.domain_name}: {domain.id}")
    click.echo(_format_records("Its owner has to create:", domain.required_records, _TO_CREATE))


@click.command("remove", epilog=format_examples("dcvd domain remove app.customer.com --yes"))
@domain_argument
@optional_organization_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--remove-records", is_flag=True, help="Also remove from DNS the records that dcvd wrote there.")
@json_option
@config_option
def remove_domain(
    name: str, organization: str | None, yes: bool, remove_records: bool, as_json: bool, config: Path
) -> None:
    """Remove a domain, NAME or its id: here at once, and at Cloudflare by a job. Says which records are left in DNS."""
    if not yes:
        click.confirm(f"Remove {name}, so that it is no longer served?", abort=True, err=True)

    async def work(operations: Operations) -> RemovedAnswer:
        domain = await operations.find_domain(name, organization)
        return await operations.remove_domain(domain.org_id, domain.id, remove_records=remove_records)

    removed = perform(config, work)
    if as_json:
        print_json(removed)
        return
    print_prose(f"Removed {removed.domain.domain_name}: {removed.domain.id}")
    if removed.records_to_remove:
        click.echo(_format_records("These records should be removed from DNS:", removed.records_to_remove, _TO_REMOVE))


@click.command("check", epilog=format_examples("dcvd domain check app.customer.com"))
@domain_argument
@optional_organization_option
@json_option
@config_option
def check_domain(name: str, organization: str | None, as_json: bool, config: Path) -> None:
    """Ask DNS and Cloudflare now about a domain, NAME or its id, and say what came. The running daemon does it."""

    async def work(operations: Operations) -> CheckOutput:
        return await operations.check_domain(await operations.find_domain(name, organization))

    check = perform_at_daemon(config, work)
    if as_json:
        print_json({"domain": check.after, "fresh": check.is_fresh, "changed": _list_changes(check)})
        return
    after = check.after
    print_facts(
        [
            ("Domain", f"{after.domain_name} ({after.organization.name})"),
            ("Status", describe_status(after)),
            ("Reason", "" if after.reason is None else f"{after.reason.code}: {TURNS[after.reason.actor]}"),
            ("To do", after.summary),
            ("Changed", "\n".join(_list_changes(check)) or "nothing"),
        ]
    )
    if not check.is_fresh:
        print_prose("The check takes longer, or Cloudflare did not answer: this is what is stored.", err=True)


def _list_changes(check: CheckOutput) -> list[str]:
    """Say what differs after a check: status, readiness, DNS, Cloudflare's words, findings that came and went."""
    pairs = (
        ("status", check.before.status.value, check.after.status.value),
        ("ready", _say(check.before.ready), _say(check.after.ready)),
        ("DNS", check.before.dns_status.value, check.after.dns_status.value),
        ("hostname at Cloudflare", check.before.cf_status or "none", check.after.cf_status or "none"),
        ("certificate at Cloudflare", check.before.cf_ssl_status or "none", check.after.cf_ssl_status or "none"),
    )
    before, after = _codes(check.before), _codes(check.after)
    return [
        *(f"{what}: {old} -> {new}" for what, old, new in pairs if old != new),
        *(f"new finding: {code}" for code in after if code not in before),
        *(f"finding gone: {code}" for code in before if code not in after),
    ]


def _codes(domain: OperatorDomainView) -> list[str]:
    return [finding.code for finding in domain.findings]


def _say(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _format_records(heading: str, records: list[_R], columns: tuple[Column[_R], ...]) -> str:
    return f"{heading}\n{format_list(records, columns, find_screen(), now=0, is_wide=True)}"
