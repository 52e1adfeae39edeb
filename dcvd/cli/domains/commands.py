"""`dcvd domain`: the domains of an organization's customers."""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final, Literal, get_args

import click

from dcvd.cli.domains.file import Defaults, Entry, entries
from dcvd.cli.exit_codes import FAILED
from dcvd.cli.operations import ImportedLine, LineError, Operations, OrganizationView, find_organization, perform
from dcvd.cli.options import config_option, examples, json_option, print_json
from dcvd.cli.terminal.tables import table
from dcvd.core.domains.additions import Wish
from dcvd.core.domains.bulk import MOST_LINES, Adding, checked_key
from dcvd.core.domains.domain import Validation

_STEPS: Final = 200  # of the progress bar
_SHOWN: Final[dict[Adding, str]] = {
    "created": "created",
    "would_create": "would be created",
    "exists": "there already",
    "refused": "refused",
}


@click.group("domain", epilog=examples("dcvd domain import names.txt --org Acme"))
def domains() -> None:
    """Import customers' domains.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


@domains.command(
    "import",
    epilog=examples(
        "dcvd domain import names.txt --org Acme --dry-run",
        "dcvd domain import names.csv --org Acme --validation delegated --key move-2027",
        "generate-names | dcvd domain import - --org Acme --json",
    ),
)
@click.argument("file", type=click.File("rb"))
@click.option("--org", "organization", metavar="ORG", required=True, help="The organization, by id or by name.")
@click.option(
    "--validation",
    type=click.Choice(get_args(Validation)),
    help="How the CA is shown whose the name is, where a line does not say; http unless given.",
)
@click.option("--wildcard", is_flag=True, help="Also *.NAME, where a line does not say; needs delegated validation.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--key", metavar="KEY", help="An idempotency key: a repeat with it is answered the same, for 24 hours.")
@json_option
@config_option
def import_domains(
    file: IO[bytes],
    organization: str,
    validation: Literal["http", "delegated"] | None,
    wildcard: bool,
    dry_run: bool,
    key: str | None,
    as_json: bool,
    config: Path,
) -> int:
    """Add the domains in FILE to an organization; - is standard input.

    FILE has one name to a line, or is CSV with a column domainName, or has one JSON object to a line. Blank lines and
    lines that begin with # are left out. They are registered at Cloudflare in their turn, at the pace that it allows.

    Exits with 1 if a line was refused; the others are imported all the same.
    """
    if key is not None:
        checked_key(key)
    found = entries(file.read(), Defaults(validation=validation, wildcard=wildcard))
    wishes = [(entry.line, entry.wanted) for entry in found if isinstance(entry.wanted, Wish)]
    results = [_refused(entry) for entry in found if not isinstance(entry.wanted, Wish)]

    with ExitStack() as stack:
        advance = _progress(stack, len(wishes), shown=not as_json)

        async def work(operations: Operations) -> OrganizationView:
            owner = await find_organization(operations, organization)
            for start in range(0, len(wishes), MOST_LINES):
                part = wishes[start : start + MOST_LINES]
                own_key = key if key is None or not start else f"{key}.{start // MOST_LINES + 1}"
                async for imported in operations.import_domains(
                    owner.id, [wish for _, wish in part], dry_run=dry_run, key=own_key
                ):
                    results.append(_at(imported, part[imported.line - 1][0]))
                    advance(1)
            return owner

        owner = perform(config, work)

    results.sort(key=lambda result: result.line)
    counts = Counter(result.outcome for result in results)
    if as_json:
        summary = {"wouldCreate" if outcome == "would_create" else outcome: counts[outcome] for outcome in _SHOWN}
        print_json({"results": results, "summary": summary})
    else:
        _tell(file.name, owner, results, counts)
    return FAILED if counts["refused"] else 0


def _progress(stack: ExitStack, length: int, *, shown: bool) -> Callable[[int], None]:
    """Moves a bar on a terminal, and nothing elsewhere."""
    if not (shown and sys.stderr.isatty()):
        return lambda _: None
    steps = max(length // _STEPS, 1)
    bar = stack.enter_context(
        click.progressbar(length=length, label="Importing", file=sys.stderr, show_pos=True, update_min_steps=steps)
    )
    return bar.update


def _tell(name: str, owner: OrganizationView, results: list[ImportedLine], counts: Counter[Adding]) -> None:
    for result in results:
        if result.error is not None:
            given = "" if result.domain_name is None else f"{result.domain_name}: "
            click.echo(f"{name}:{result.line}: {given}{result.error.message}", err=True)
    if not results:
        click.echo(f"There is no domain in {name}.", err=True)
        return
    rows = [(words, str(counts[outcome])) for outcome, words in _SHOWN.items() if counts[outcome]]
    click.echo(table((f"domains of {owner.name}", "lines"), rows))


def _refused(entry: Entry) -> ImportedLine:
    assert isinstance(entry.wanted, str), "what is wrong with a line is a sentence"
    error = LineError("invalid_input", entry.wanted)
    return ImportedLine(line=entry.line, domain_name=None, outcome="refused", error=error)


def _at(imported: ImportedLine, line: int) -> ImportedLine:
    return ImportedLine(
        line=line,
        domain_name=imported.domain_name,
        outcome=imported.outcome,
        domain=imported.domain,
        error=imported.error,
    )
