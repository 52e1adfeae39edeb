"""The domain of a command: by its name or its id, and by its organization where several have the name."""

import click

domain_argument = click.argument("name", metavar="NAME")
optional_organization_option = click.option(
    "--org", "organization", metavar="ORG", help="Whose it is, by id or by name; needed where several have the name."
)
