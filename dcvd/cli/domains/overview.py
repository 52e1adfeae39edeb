"""`dcvd domain show`: all that is known of one domain, and what there is to do."""

from pathlib import Path

import click

from dcvd.cli.domains.argument import domain_argument, optional_organization_option
from dcvd.cli.domains.report import print_report
from dcvd.cli.operations import Operations, perform
from dcvd.cli.operations.domain_answers import DomainReport
from dcvd.cli.options import config_option, format_examples, output_option, print_json
from dcvd.cli.terminal.output import OutputForm


@click.command(
    "show",
    epilog=format_examples(
        "dcvd domain show app.customer.com",
        "dcvd domain show app.customer.com --org Acme -o wide",
        "dcvd domain show app.customer.com --json | jq .domain.findings",
    ),
)
@domain_argument
@optional_organization_option
@output_option
@config_option
def show_domain(name: str, organization: str | None, output: OutputForm, config: Path) -> None:
    """Show a domain, NAME or its id: its status, what is wrong and who has to act, its records and certificate, what
    happened last, and what did not go well.
    """

    async def work(operations: Operations) -> DomainReport:
        return await operations.report_domain(await operations.find_domain(name, organization))

    report = perform(config, work)
    if output == "json":
        print_json(report)
    else:
        print_report(report, is_wide=output == "wide")
