"""`dcvd org branding`: how an organization looks on the pages that its customers see."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import click

from dcvd.api.branding.input import BrandingPatch
from dcvd.api.branding.view import BrandingView
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.facts import print_facts

_MISSING: Final = "not set"


@click.group(
    "branding",
    epilog=format_examples(
        "dcvd org branding show Acme",
        "dcvd org branding set Acme --primary-color '#0f62fe' --language de",
        "dcvd org branding logo Acme https://acme.example/logo.png",
    ),
)
def branding() -> None:
    """Show and change how an organization looks on the pages that its customers see."""


@branding.command("show", epilog=format_examples("dcvd org branding show Acme"))
@click.argument("organization")
@json_option
@config_option
def show(organization: str, as_json: bool, config: Path) -> None:
    """Show how ORGANIZATION looks."""
    _print(_perform(organization, config, lambda operations, org_id: operations.show_branding(org_id)), as_json=as_json)


@branding.command("set", epilog=format_examples("dcvd org branding set Acme --name 'Acme Pages' --language ''"))
@click.argument("organization")
@click.option("--name", help="As its customers know it.")
@click.option("--primary-color", metavar="#RRGGBB", help="The colour of buttons and links.")
@click.option("--background-color", metavar="#RRGGBB", help="The colour behind all.")
@click.option("--language", metavar="TAG", help="The language of the pages, such as en or de-AT.")
@click.option("--return-url", metavar="URL", help="Where the pages lead back to; an https:// URL.")
@click.option(
    "--embed-origin",
    "embed_origins",
    metavar="ORIGIN",
    multiple=True,
    help="A site that may show the pages in a frame, such as https://app.acme.example; may be repeated. The ones given "
    "replace those before.",
)
@json_option
@config_option
def change(
    organization: str, embed_origins: tuple[str, ...], as_json: bool, config: Path, **values: str | None
) -> None:
    """Change what is given of how ORGANIZATION looks; an empty text unsets it."""
    given: dict[str, Any] = {name: value or None for name, value in values.items() if value is not None}
    if embed_origins:
        given["embed_origins"] = tuple(filter(None, embed_origins))
    if not given:
        raise click.UsageError("Give at least one option; `dcvd org branding show` shows what is set.")
    _change(organization, config, BrandingPatch(**given), as_json=as_json)


@branding.command("logo", epilog=format_examples("dcvd org branding logo Acme https://acme.example/logo.png"))
@click.argument("organization")
@click.argument("url", required=False)
@click.option("--remove", "is_removed", is_flag=True, help="Remove the logo.")
@json_option
@config_option
def logo(organization: str, url: str | None, is_removed: bool, as_json: bool, config: Path) -> None:
    """Fetch the logo of ORGANIZATION from URL, once: PNG, JPEG, WebP or GIF, up to 256 KiB."""
    if is_removed == (url is not None):
        raise click.UsageError("Give a URL, or --remove.")
    _change(organization, config, BrandingPatch(logo_url=url), as_json=as_json)


def _change(organization: str, config: Path, change: BrandingPatch, *, as_json: bool) -> None:
    found = _perform(organization, config, lambda operations, org_id: operations.change_branding(org_id, change))
    _print(found, as_json=as_json)


def _perform(
    organization: str, config: Path, work: Callable[[Operations, str], Awaitable[BrandingView]]
) -> BrandingView:
    async def find_and_work(operations: Operations) -> BrandingView:
        return await work(operations, (await find_organization(operations, organization)).id)

    return perform(config, find_and_work)


def _print(view: BrandingView, *, as_json: bool) -> None:
    if as_json:
        print_json({"branding": view})
        return
    facts = [
        ("Name", view.name),
        ("Primary", view.primary_color),
        ("Background", view.background_color),
        ("Language", view.language),
        ("Return URL", view.return_url),
        ("Logo", view.logo_url),
        ("Framed by", ", ".join(view.embed_origins)),
    ]
    print_facts([(name, value or _MISSING) for name, value in facts])
