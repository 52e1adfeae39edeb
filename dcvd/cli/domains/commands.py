"""`dcvd domain`: the domains of organizations' customers; here they are imported, and moved between organizations."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final, Literal, get_args

import click
from msgspec import UNSET
from msgspec.structs import replace

from dcvd.api.domains.bulk_view import AddedLine
from dcvd.api.domains.finding_view import ErrorView
from dcvd.api.domains.view import DomainView
from dcvd.api.operators.view import OrganizationView
from dcvd.cli.domains.actions import add_domain, check_domain, remove_domain
from dcvd.cli.domains.change import change_domain
from dcvd.cli.domains.file import ImportDefaults, ImportEntry, read_entries
from dcvd.cli.domains.labels import read_labels
from dcvd.cli.domains.listing import list_domains
from dcvd.cli.domains.overview import show_domain
from dcvd.cli.domains.timeline import show_timeline
from dcvd.cli.exit_codes import FAILED
from dcvd.cli.operations import Operations, find_organization, perform
from dcvd.cli.options import config_option, format_examples, json_option, organization_option, print_json
from dcvd.cli.terminal.progress import start_progress
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.tables import format_table
from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.bulk import MAX_LINES, AddStatus
from dcvd.core.domains.domain import ValidationMethod
from dcvd.core.http.idempotency import validate_key

_OUTCOME_WORDS: Final[dict[AddStatus, str]] = {
    "created": "created",
    "would_create": "would be created",
    "exists": "there already",
    "refused": "refused",
}


@click.group(
    "domain",
    epilog=format_examples(
        "dcvd domain list --not-ready",
        "dcvd domain show app.customer.com",
        "dcvd domain add app.customer.com --org Acme",
    ),
)
def domains() -> None:
    """Find customers' domains and what is wrong with them; add, import, check, change, move and remove them.

    Works while the daemon runs (over its unix socket) and while it does not (on the database itself).
    """


for command in (
    list_domains,
    show_domain,
    add_domain,
    remove_domain,
    check_domain,
    show_timeline,
    change_domain,
):
    domains.add_command(command)


@domains.command(
    "import",
    epilog=format_examples(
        "dcvd domain import names.txt --org Acme --dry-run",
        "dcvd domain import names.csv --org Acme --validation delegated --key move-2027",
        "generate-names | dcvd domain import - --org Acme --json",
    ),
)
@click.argument("file", type=click.File("rb"))
@organization_option
@click.option(
    "--validation",
    type=click.Choice(get_args(ValidationMethod)),
    help="How the CA is shown whose the name is, where a line does not say; http unless given.",
)
@click.option("--wildcard", is_flag=True, help="Also *.NAME, where a line does not say; needs delegated validation.")
@click.option("--external-id", metavar="ID", help="The organization's own id of them, where a line does not say.")
@click.option(
    "--label",
    "labels",
    metavar="KEY=VALUE",
    multiple=True,
    callback=read_labels,
    help="A label of them, where a line does not have its key; may be given several times.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--key", metavar="KEY", help="An idempotency key: a repeat with it is answered the same, for 24 hours.")
@json_option
@config_option
def import_domains(
    file: IO[bytes],
    organization: str,
    validation: Literal["http", "delegated"] | None,
    wildcard: bool,
    external_id: str | None,
    labels: dict[str, str],
    dry_run: bool,
    key: str | None,
    as_json: bool,
    config: Path,
) -> int:
    """Add the domains in FILE to an organization; - is standard input.

    FILE has one name to a line, or is CSV with a column domainName (and validation, wildcard, externalId, labels as a
    JSON object), or has one JSON object to a line. Blank lines and
    lines that begin with # are left out. They are registered at Cloudflare in their turn, at the pace that it allows.

    Exits with 1 if a line was refused; the others are imported all the same.
    """
    if key is not None:
        validate_key(key)
    defaults = ImportDefaults(
        validation=validation,
        wildcard=wildcard,
        external_id=UNSET if external_id is None else external_id,
        labels=labels,
    )
    entries = read_entries(file.read(), defaults)
    requests = [
        (entry.line, entry.request_or_fault) for entry in entries if isinstance(entry.request_or_fault, DomainRequest)
    ]
    results = [_to_refused_line(entry) for entry in entries if not isinstance(entry.request_or_fault, DomainRequest)]

    with ExitStack() as stack:
        advance = start_progress(stack, "Importing", len(requests), visible=not as_json)

        async def work(operations: Operations) -> OrganizationView:
            owner = await find_organization(operations, organization)
            for start in range(0, len(requests), MAX_LINES):
                batch = requests[start : start + MAX_LINES]
                batch_key = key if key is None or not start else f"{key}.{start // MAX_LINES + 1}"
                async for added in operations.import_domains(
                    owner.id, [request for _, request in batch], dry_run=dry_run, key=batch_key
                ):
                    results.append(replace(added, line=batch[added.line - 1][0]))
                    advance(1)
            return owner

        owner = perform(config, work)

    results.sort(key=lambda result: result.line)
    counts = Counter(result.outcome for result in results)
    if as_json:
        summary = {
            "wouldCreate" if outcome == "would_create" else outcome: counts[outcome] for outcome in _OUTCOME_WORDS
        }
        print_json({"results": [_to_json(result) for result in results], "summary": summary})
    else:
        _print_summary(file.name, owner, results, counts)
    return FAILED if counts["refused"] else 0


@domains.command("move", epilog=format_examples("dcvd domain move app.customer.com --to Acme"))
@click.argument("name")
@click.option("--to", "organization", metavar="ORG", required=True, help="The organization's id or name.")
@json_option
@config_option
def move_domain(name: str, organization: str, as_json: bool, config: Path) -> int:
    """Give NAME, whoever holds it, to an organization.

    Its hostname at Cloudflare goes with it, and every other organization's domain of that name is removed; events tell
    all of them. Use it where an organization has proved a name that another one holds.
    """

    async def work(operations: Operations) -> tuple[OrganizationView, DomainView]:
        owner = await find_organization(operations, organization)
        return owner, await operations.move_domain(owner.id, name)

    owner, domain = perform(config, work)
    if as_json:
        print_json({"domain": domain})
    else:
        print_prose(f"{domain.domain_name} is a domain of {owner.name} now: {domain.id}")
    return 0


def _print_summary(name: str, owner: OrganizationView, results: list[AddedLine], counts: Counter[AddStatus]) -> None:
    for result in results:
        if result.error is not None:
            prefix = "" if result.domain_name is None else f"{result.domain_name}: "
            print_prose(f"{name}:{result.line}: {prefix}{result.error.message}", err=True)
    if not results:
        print_prose(f"There is no domain in {name}.", err=True)
        return
    rows = [(words, str(counts[outcome])) for outcome, words in _OUTCOME_WORDS.items() if counts[outcome]]
    click.echo(f"Domains of {owner.name}:")
    click.echo(format_table(("outcome", "lines"), rows))


def _to_refused_line(entry: ImportEntry) -> AddedLine:
    assert isinstance(entry.request_or_fault, str), "what is wrong with a line is a sentence"
    return AddedLine(
        line=entry.line,
        domain_name=None,
        outcome="refused",
        domain=None,
        registration=None,
        error=ErrorView("invalid_input", entry.request_or_fault),
    )


def _to_json(line: AddedLine) -> dict[str, object]:
    """Show what the owner of a list of names needs: which records to have created."""
    domain = line.domain
    records = [] if domain is None else domain.required_records
    return {
        "line": line.line,
        "domainName": line.domain_name,
        "outcome": line.outcome,
        "domain": None
        if domain is None
        else {
            "id": domain.id,
            "requiredRecords": [
                {"type": record.type, "name": record.name, "value": record.value} for record in records
            ],
        },
        "error": line.error,
    }
