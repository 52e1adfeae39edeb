"""`dcvd orphans`: lists, adopts and removes hostnames at Cloudflare that the database does not know."""

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from msgspec import UNSET

from dcvd.api.operators.cloudflare_import_view import ImportedHostnameView
from dcvd.cli.exit_codes import FAILED
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.orphans.cloudflare import Orphan, list_orphans, remove_hostnames
from dcvd.cli.terminal.columns import Column
from dcvd.cli.terminal.lists import print_table
from dcvd.cli.terminal.prose import print_prose
from dcvd.config import Config, load
from dcvd.core.numbers import choose
from dcvd.errors import DcvdError, InvalidInput
from dcvd.kit.logs.configuration import configure_logging

_C = TypeVar("_C", bound=Callable[..., Any])
_COLUMNS: Final[tuple[Column[Orphan], ...]] = (
    Column(heading="hostname", cell=lambda each: each.hostname.hostname),
    Column(heading="status", cell=lambda each: each.hostname.status or "", gives_way=2),
    Column(heading="certificate", cell=lambda each: each.hostname.ssl_status or "", gives_way=1),
    Column(heading="was of", cell=lambda each: each.org_id or ""),
)


@click.group(
    "orphans",
    epilog=format_examples(
        "dcvd orphans list",
        "dcvd orphans adopt --all --former /var/lib/dcvd/dcvd.db.replaced-20270115T080000Z",
        "dcvd orphans adopt app.customer.com --org Acme",
        "dcvd orphans remove old.customer.com",
    ),
)
def orphans() -> None:
    """Hostnames that Cloudflare has in the zone and the database does not know.

    A restored backup does not know what was registered after it was made. Other programs that use the zone have
    hostnames too: look at the list before you adopt or remove any.
    """


def _former_option(command: _C) -> _C:
    return click.option(
        "--former",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="An earlier database, which knew whose they are, such as the one that `dcvd restore` has kept.",
    )(command)


def _names_argument(command: _C) -> _C:
    return click.argument("names", metavar="[NAME]...", nargs=-1)(
        click.option("--all", "take_all", is_flag=True, help="All of them, instead of names.")(command)
    )


@orphans.command(
    "list", epilog=format_examples("dcvd orphans list", "dcvd orphans list --json | jq '.orphans | length'")
)
@_former_option
@json_option
@config_option
def list_command(former: Path | None, as_json: bool, config: Path) -> None:
    """List them, in the order of their names."""
    found = list_orphans(_load(config), former)
    if as_json:
        print_json({"orphans": [_to_json(each) for each in found]})
    elif not found:
        print_prose("The database knows every hostname of the zone.", err=True)
    else:
        print_table(found, _COLUMNS, is_wide=False)


@orphans.command(
    "adopt",
    epilog=format_examples(
        "dcvd orphans adopt app.customer.com shop.customer.com --org Acme",
        "dcvd orphans adopt --all --former /var/lib/dcvd/dcvd.db.replaced-20270115T080000Z",
    ),
)
@_names_argument
@click.option(
    "--org", "organization", metavar="ORG", help="Whose they become, by id or name, where --former says nothing."
)
@_former_option
@json_option
@config_option
def adopt(
    names: tuple[str, ...], take_all: bool, organization: str | None, former: Path | None, as_json: bool, config: Path
) -> int:
    """Add the names to an organization, each with its hostname as it is there.

    They are adopted as `dcvd import-cloudflare` adopts them, and no event tells of it. The exit code is 1 if one was
    refused, or nobody knows whose it is.
    """
    if organization is None and former is None:
        raise click.UsageError("Say whose they become, by --org or by --former.")
    chosen = _choose(list_orphans(_load(config), former), names, take_all=take_all)

    async def work(operations: Operations) -> tuple[list[ImportedHostnameView], list[str]]:
        owner = None if organization is None else (await find_organization(operations, organization)).id
        names_by_org: defaultdict[str, list[str]] = defaultdict(list)
        ownerless = []
        for orphan in chosen:
            if (org_id := orphan.org_id or owner) is None:
                ownerless.append(orphan.hostname.hostname)
            else:
                names_by_org[org_id].append(orphan.hostname.hostname)
        found: list[ImportedHostnameView] = []
        for org_id, of_org in names_by_org.items():
            async for line in operations.import_from_cloudflare(org_id, {"only": of_org}):
                if line.hostname is not UNSET:
                    found.append(line.hostname)
                elif line.end is not UNSET and line.end.error is not None:
                    raise DcvdError(line.end.error.message, code=line.end.error.code)
        return found, ownerless

    found, ownerless = perform(config, work)
    refused = [each for each in found if each.error is not None]
    if as_json:
        print_json(
            {
                "adopted": [each.hostname for each in found if each.error is None],
                "refused": [{"domainName": each.hostname, "error": each.error} for each in refused],
                "ownerless": ownerless,
            }
        )
    else:
        print_prose(f"Adopted {len(found) - len(refused)} of {len(chosen)}.")
        for each in refused:
            assert each.error is not None
            print_prose(f"{each.hostname}: {each.error.message}", err=True)
        for name in ownerless:
            print_prose(f"{name}: --former does not say whose it is; give --org.", err=True)
    return FAILED if refused or ownerless else 0


@orphans.command(
    "remove", epilog=format_examples("dcvd orphans remove old.customer.com", "dcvd orphans remove --all --yes")
)
@_names_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@config_option
def remove(names: tuple[str, ...], take_all: bool, yes: bool, as_json: bool, config: Path) -> None:
    """Remove the hostnames at Cloudflare, with their certificates: what they serve ends at once."""
    loaded = _load(config)
    chosen = _choose(list_orphans(loaded, None), names, take_all=take_all)
    if chosen and not yes:
        print_prose("\n".join(each.hostname.hostname for each in chosen), err=True)
        click.confirm(
            f"Remove {choose(len(chosen), 'this hostname', f'these {len(chosen)} hostnames')} at Cloudflare?",
            abort=True,
            err=True,
        )
    removed = remove_hostnames(loaded, chosen)
    if as_json:
        print_json({"removed": removed})
    else:
        print_prose(f"Removed {len(removed)} of {len(chosen)}.")


def _load(config: Path) -> Config:
    configure_logging(level="error")
    return load(config, os.environ).config


def _choose(found: Sequence[Orphan], names: Sequence[str], *, take_all: bool) -> list[Orphan]:
    """Choose the orphans that were named. Raises InvalidInput for a name that is none."""
    if take_all == bool(names):
        raise click.UsageError("Give names, or --all, one of both.")
    if take_all:
        return list(found)
    by_name = {each.hostname.hostname: each for each in found}
    for name in names:
        if name not in by_name:
            raise InvalidInput("names", f"{name} is no orphan: the database knows it, or Cloudflare does not.")
    return [by_name[name] for name in dict.fromkeys(names)]


def _to_json(orphan: Orphan) -> dict[str, object]:
    return {
        "id": orphan.hostname.id,
        "hostname": orphan.hostname.hostname,
        "status": orphan.hostname.status,
        "sslStatus": orphan.hostname.ssl_status,
        "formerOrgId": orphan.org_id,
    }
