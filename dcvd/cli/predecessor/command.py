"""`dcvd import-predecessor`."""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Final

import click

from dcvd.cli.exit_codes import FAILED
from dcvd.cli.operations import Operations, perform, perform_at_daemon
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.predecessor.reading import PredecessorDump, open_dump
from dcvd.cli.predecessor.report import Report
from dcvd.cli.predecessor.sending import send_rows
from dcvd.cli.terminal.progress import start_progress
from dcvd.core.instants import to_milliseconds
from dcvd.core.secret import Secret
from dcvd.kit.vault.passphrase_ciphertexts import decrypt

_VARIABLES: Final = ("ENCRYPTION_KEY", "OAUTH_ENCRYPTION_KEY")
"""The names under which the predecessor's operators know the passphrase."""
_MAX_PASSPHRASE_BYTES: Final = 64 << 10


@click.command(
    "import-predecessor",
    epilog=format_examples(
        "dcvd import-predecessor dump.sql --dry-run",
        "dcvd import-predecessor dump.sql --passphrase-file key.txt",
        "dcvd import-predecessor dump.sql --org Acme --json",
    ),
)
@click.argument("dump", type=click.File("rb"))
@click.option(
    "--org", "organization", metavar="ORG", help="Only this organization of the dump, by its id or name there."
)
@click.option(
    "--passphrase-file",
    type=click.File("rb"),
    help="The passphrase of the connections' tokens; else $ENCRYPTION_KEY, else $OAUTH_ENCRYPTION_KEY.",
)
@click.option(
    "--with-deleted", is_flag=True, help="Also organizations that were imported before, and deleted here since."
)
@click.option("--dry-run", is_flag=True, help="Only say, row by row, what would come along, what not, and why.")
@json_option
@config_option
def import_predecessor(
    dump: IO[bytes],
    organization: str | None,
    passphrase_file: IO[bytes] | None,
    with_deleted: bool,
    dry_run: bool,
    as_json: bool,
    config: Path,
) -> int:
    """Move a company here from the predecessor, by an SQL dump of its D1 database; - is standard input.

    Organizations with their people and colours, domains with their hostnames at Cloudflare, tokens, webhooks with their
    secrets, connections and the audit log come along under the ids that they have. Tokens go on to work, and signatures
    stay right. No event is sent of it, and no mail.

    Run it again as often as you like: only what is new is brought. It needs the running daemon; a dry run does not.

    Exits with 1 if a row was refused; the others are imported all the same.
    """
    passphrases = _read_passphrases(passphrase_file)
    report = Report(dry_run=dry_run, prints_rows=dry_run)
    with ExitStack() as stack:
        source = stack.enter_context(open_dump(dump, organization=organization, now=to_milliseconds(time.time())))
        advance = start_progress(stack, "Importing", source.count(), visible=not as_json)

        async def work(operations: Operations) -> None:
            read = source.read(partial(decrypt, passphrases=passphrases))
            async for result in send_rows(operations, read, dry_run=dry_run, with_deleted=with_deleted):
                report.add(result)
                advance(1)

        if dry_run:
            perform(config, work)
        else:
            perform_at_daemon(config, work)
        missing, not_moved = _describe(source)
    if as_json:
        print_json(report.build_output(missing, not_moved))
    else:
        report.show(missing, not_moved)
    return FAILED if report.has_refusals else 0


def _describe(source: PredecessorDump) -> tuple[list[str], list[str]]:
    return source.describe_missing(), source.describe_not_moved()


def _read_passphrases(file: IO[bytes] | None) -> Sequence[Secret]:
    if file is not None:
        content = file.read(_MAX_PASSPHRASE_BYTES)
        try:
            return [Secret(content.decode().rstrip("\r\n"))]
        except UnicodeDecodeError:
            raise click.BadParameter("The passphrase is not text in UTF-8.", param_hint="--passphrase-file") from None
    return [Secret(value) for name in _VARIABLES if (value := os.environ.get(name))]
