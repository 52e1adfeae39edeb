"""`dcvd export`: writes organizations, and what they have settled, into a file."""

from pathlib import Path

import click

from dcvd.cli.declarations.document import write_document
from dcvd.cli.declarations.observation import observe
from dcvd.cli.operations import perform
from dcvd.cli.options import config_option, format_examples
from dcvd.cli.terminal.prose import print_prose
from dcvd.core.numbers import count
from dcvd.core.organizations.unknown import describe_unknown_organization
from dcvd.errors import NotFound
from dcvd.kit.new_file import create_file


@click.command("export", epilog=format_examples("dcvd export > organizations.toml", "dcvd export acme.toml --org Acme"))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--org", "organizations", metavar="ORG", multiple=True, help="Only this one, by id or name; repeatable.")
@config_option
def export(file: Path | None, organizations: tuple[str, ...], config: Path) -> None:
    """Write all organizations into FILE, which nothing may be yet, or to standard output, as TOML for `dcvd apply`.

    With names, quotas, branding, zones, contacts for alerts and endpoints. No secret is in it: none of an endpoint, no
    value of its headers, no client certificate. Nor are logos, tokens, members, connections and domains; `dcvd org
    export` has everything of one organization.
    """
    found = perform(config, lambda operations: observe(operations, organizations))
    missing = set(organizations) - {name for each in found for name in (each.id, each.name)}
    if missing:
        raise NotFound(describe_unknown_organization(min(missing), [each.name for each in found]))
    text = write_document([each.declare() for each in found])
    if file is None or str(file) == "-":
        click.echo(text, nl=False)
        return
    with create_file(file) as draft:
        draft.write_text(text, encoding="utf-8")
    print_prose(f"Wrote {file} with {count(len(found), 'organization')}.", err=True)
