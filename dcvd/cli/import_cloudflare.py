"""`dcvd import-cloudflare`: adopts the hostnames that the zone at Cloudflare has already."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import click
from msgspec import UNSET, Struct

from dcvd.api.operators.cloudflare_import_view import ImportedHostnameView, ImportEndView, ImportProgressView
from dcvd.cli.exit_codes import FAILED
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import config_option, format_examples, json_option, organization_option, print_json
from dcvd.cli.terminal.columns import Column, Tone
from dcvd.cli.terminal.lists import format_list
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.screen import find_screen
from dcvd.cli.terminal.tables import format_table
from dcvd.core import numbers
from dcvd.core.text import make_printable
from dcvd.services.domains.adoptions import AdoptionOutcome

_COMMENT: Final = "#"
_OUTCOME_WORDS: Final[dict[AdoptionOutcome, str]] = {
    "adopted": "adopted",
    "would_adopt": "would be adopted",
    "exists": "there already",
    "of_another": "left to another",
    "refused": "not adopted",
}


_COLUMNS: Final[tuple[Column[ImportedHostnameView], ...]] = (
    Column(heading="hostname", cell=lambda each: each.hostname, shortest=20),
    Column(heading="outcome", cell=lambda each: _OUTCOME_WORDS[each.outcome], tone=lambda each: _TONES[each.outcome]),
    Column(heading="as", cell=lambda each: _describe(each), gives_way=1),
)
_TONES: Final[dict[AdoptionOutcome, Tone]] = {
    "adopted": "good",
    "would_adopt": "good",
    "exists": "dim",
    "of_another": "dim",
    "refused": "bad",
}


class _Result(Struct, frozen=True):
    owner: str
    hostnames: list[ImportedHostnameView]
    end: ImportEndView


@click.command(
    "import-cloudflare",
    epilog=format_examples(
        "dcvd import-cloudflare --org Acme --dry-run",
        "dcvd import-cloudflare --org Acme",
        "dcvd import-cloudflare --org Acme --match '*.customer.com' --exclude 'test.*'",
        "dcvd import-cloudflare --org Acme --only names.txt --json",
    ),
)
@organization_option
@click.option(
    "--match",
    metavar="PATTERN",
    multiple=True,
    help="Only hostnames such as '*.customer.com'; may be given several times.",
)
@click.option("--exclude", metavar="PATTERN", multiple=True, help="Not these hostnames; may be given several times.")
@click.option("--only", type=click.File("r"), help="Only the hostnames in this file, one a line; - is standard input.")
@click.option(
    "--target",
    metavar="NAME",
    help="Where the customers' records lead, where that is not the configured cname_target.",
)
@click.option("--dry-run", is_flag=True, help="Only say of each hostname what would become of it.")
@json_option
@config_option
def import_cloudflare(
    organization: str,
    match: tuple[str, ...],
    exclude: tuple[str, ...],
    only: IO[str] | None,
    target: str | None,
    dry_run: bool,
    as_json: bool,
    config: Path,
) -> int:
    """Adopt the hostnames that the zone at Cloudflare has already, as domains of an organization.

    They stay as they are there, with their settings, and no event tells of them. Cloudflare's list is read at the pace
    that its limit allows. If this ends in the middle, run it again: what is adopted is there already.

    What belongs to another organization here is left as it is, and counted by its owner; --json has each hostname.
    Exits with 1 if a hostname was not adopted for another reason; the others are adopted all the same.
    """
    selection = {
        "match": match,
        "exclude": exclude,
        "only": None if only is None else _read_names(only),
        "target": target,
        "dryRun": dry_run,
    }

    async def work(operations: Operations) -> _Result:
        owner = await find_organization(operations, organization)
        hostnames: list[ImportedHostnameView] = []
        with _show_progress(visible=not as_json) as progress:
            async for line in operations.import_from_cloudflare(owner.id, selection):
                if line.hostname is not UNSET:
                    hostnames.append(line.hostname)
                elif line.progress is not UNSET:
                    progress.show(line.progress, len(hostnames))
                elif line.end is not UNSET:
                    return _Result(owner.name, hostnames, line.end)
        raise AssertionError("the operation ends with the end, or raises")

    result = perform(config, work)
    if as_json:
        print_json({"results": result.hostnames, "summary": result.end.summary, "error": result.end.error})
    else:
        _print_result(result, dry_run=dry_run)
    summary = result.end.summary
    return FAILED if summary.refused or summary.unreadable or result.end.error is not None else 0


class _Progress:
    """Shows on one line of a terminal how far the import is."""

    def __init__(self, *, visible: bool) -> None:
        self.is_visible = visible

    def show(self, progress: ImportProgressView, count: int) -> None:
        if self.is_visible and progress.page:
            pages = "" if progress.pages is None else f" of {progress.pages}"
            click.echo(f"\r\033[KPage {progress.page}{pages}, {numbers.count(count, 'hostname')}", nl=False, err=True)


@contextmanager
def _show_progress(*, visible: bool) -> Iterator[_Progress]:
    progress = _Progress(visible=visible and sys.stderr.isatty())
    try:
        yield progress
    finally:
        if progress.is_visible:
            click.echo("\r\033[K", nl=False, err=True)


def _print_result(result: _Result, *, dry_run: bool) -> None:
    screen = find_screen()
    ours = [each for each in result.hostnames if each.outcome != "of_another"]
    if dry_run and ours:
        click.echo(format_list(ours, _COLUMNS, screen, now=0))
        click.echo()
    for each in ours:
        if (sentence := _explain(each)) is not None:
            print_prose(sentence, err=not dry_run)
    if not result.hostnames:
        print_prose("The zone has no hostname that is meant.", err=True)
    else:
        summary = result.end.summary
        counts = (
            ("adopted", summary.adopted),
            ("would be adopted", summary.would_adopt),
            ("of these only read", summary.read_only),
            ("there already", summary.exists),
            ("other organizations'", summary.of_another),
            ("not adopted", summary.refused),
            ("left out", summary.left),
            ("unreadable", summary.unreadable),
        )
        rows = [(words, str(count)) for words, count in counts if count]
        click.echo(f"Hostnames for {result.owner}:")
        click.echo(format_table(("outcome", "hostnames"), rows))
        for sentence in _gather_by_owner(result.hostnames):
            print_prose(sentence)
    if result.end.error is not None:
        print_prose(f"The import ended early: {result.end.error.message} Run it again for the rest.", err=True)


def _gather_by_owner(hostnames: Iterable[ImportedHostnameView]) -> Iterator[str]:
    """Say how many hostnames belong to each other organization."""
    owners = Counter(each.owner.name for each in hostnames if each.owner is not None)
    for name, count in owners.most_common():
        words = "1 hostname belongs" if count == 1 else f"{count} hostnames belong"
        yield make_printable(f"{words} to {name}: left as {'it is' if count == 1 else 'they are'}.")


def _explain(hostname: ImportedHostnameView) -> str | None:
    """Say why a hostname is not adopted, or only read."""
    if hostname.error is not None:
        return make_printable(f"{hostname.hostname}: {hostname.error.message}")
    if hostname.read_only is not None and hostname.outcome != "exists":
        return hostname.read_only.message
    return None


def _describe(hostname: ImportedHostnameView) -> str:
    words: list[str | None] = [hostname.status or hostname.cf_status, hostname.validation]
    if hostname.wildcard:
        words.append("wildcard")
    if hostname.read_only is not None:
        words.append("only read")
    return ", ".join(word for word in words if word is not None)


def _read_names(file: IO[str]) -> list[str]:
    """Read one name a line; blank lines and what follows # are left out."""
    names = (line.partition(_COMMENT)[0].strip() for line in file)
    return [name for name in names if name]
