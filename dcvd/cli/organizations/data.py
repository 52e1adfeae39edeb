"""`dcvd org export` and `dcvd org delete`: all that is an organization's own."""

import sys
from pathlib import Path

import click

from dcvd.api.operators.view import OrganizationOverviewView
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.organizations.changes import organization_argument
from dcvd.cli.terminal.prose import print_prose


@click.command("export", epilog=format_examples("dcvd org export Acme > acme.ndjson"))
@organization_argument
@config_option
def export(organization: str, config: Path) -> None:
    """Print everything of ORG as lines of JSON, one row of the database each.

    Secrets are left out: sealed credentials, signing secrets, and the hashes of tokens.
    """

    async def work(operations: Operations) -> None:
        found = await find_organization(operations, organization)
        async for piece in operations.export_organization(found.id):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()

    perform(config, work)


@click.command("delete", epilog=format_examples("dcvd org delete Acme --yes", "dcvd org export Acme > acme.ndjson"))
@organization_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--leave-hostnames",
    is_flag=True,
    help="Leave at Cloudflare what Cloudflare refuses to remove, so that it holds up the deletion no longer.",
)
@json_option
@config_option
def delete(organization: str, yes: bool, leave_hostnames: bool, as_json: bool, config: Path) -> None:
    """Delete ORG with everything of its own. Nothing brings it back.

    Its tokens are refused at once. The daemon removes its hostnames at Cloudflare, revokes its connections, and then
    deletes its data step by step. Where Cloudflare refuses to remove a hostname, the deletion waits: give the command
    again to try it again.
    """
    if not yes:
        click.confirm(f"Delete {organization} with its domains, webhooks, tokens and history?", abort=True, err=True)

    async def work(operations: Operations) -> OrganizationOverviewView:
        found = await find_organization(operations, organization)
        return await operations.delete_organization(found.id, leave_hostnames=leave_hostnames)

    overview = perform(config, work)
    if as_json:
        print_json({"organization": overview})
    else:
        print_prose(f"The deletion of {overview.name} ({overview.id}) has begun; the running daemon does it.")
