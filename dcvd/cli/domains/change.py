"""`dcvd domain change`: what an organization attaches to its domain."""

from pathlib import Path

import click
from msgspec import UNSET

from dcvd.api.domains.input import DomainChange
from dcvd.api.domains.view import DomainView
from dcvd.cli.domains.labels import read_labels
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import config_option, format_examples, json_option, organization_option, print_json
from dcvd.cli.terminal.facts import print_facts


@click.command(
    "change",
    epilog=format_examples(
        "dcvd domain change app.customer.com --org Acme --external-id customer-4711 --label tier=gold",
        "dcvd domain change app.customer.com --org Acme --external-id '' --remove-label tier",
    ),
)
@click.argument("name")
@organization_option
@click.option("--external-id", metavar="ID", help="The organization's own id of it; an empty text removes it.")
@click.option(
    "--label", "labels", metavar="KEY=VALUE", multiple=True, callback=read_labels, help="A label to set; repeatable."
)
@click.option("--remove-label", "removed", metavar="KEY", multiple=True, help="A label to remove; repeatable.")
@json_option
@config_option
def change_domain(
    name: str,
    organization: str,
    external_id: str | None,
    labels: dict[str, str],
    removed: tuple[str, ...],
    as_json: bool,
    config: Path,
) -> None:
    """Change what an organization has attached to its domain NAME: its own id, and labels. The others stay."""
    if external_id is None and not labels and not removed:
        raise click.UsageError("Give --external-id, --label or --remove-label.")
    if both := labels.keys() & set(removed):
        raise click.UsageError(f"--label and --remove-label both name {min(both)}.")
    requested = DomainChange(
        external_id=UNSET if external_id is None else external_id or None,
        labels={**labels, **dict.fromkeys(removed)} or UNSET,
    )

    async def work(operations: Operations) -> DomainView:
        owner = await find_organization(operations, organization)
        return await operations.change_domain(owner.id, name, requested)

    domain = perform(config, work)
    if as_json:
        print_json({"domain": domain})
        return
    shown = [f"{key}={value}" for key, value in domain.labels.items()]
    facts = [
        ("Name", domain.domain_name),
        ("External id", domain.external_id or "none"),
        ("Labels", ", ".join(shown) or "none"),
    ]
    print_facts(facts)
