"""`dcvd bugreport`: writes a report for whoever looks for a fault."""

import time
from pathlib import Path

import click

from dcvd.cli.bugreport.report import Report, write_report
from dcvd.cli.bugreport.sections import LOG_LINES, gather_sections, list_organization_names
from dcvd.cli.options import config_option, format_examples, json_option, print_json
from dcvd.cli.terminal.prose import print_prose
from dcvd.errors import DcvdError
from dcvd.kit.new_file import create_file


@click.command(
    "bugreport",
    epilog=format_examples(
        "dcvd bugreport",
        "dcvd bugreport --output report.txt --log /var/log/dcvd.log",
        "dcvd bugreport --output - | less",
    ),
)
@click.option(
    "--output",
    metavar="FILE",
    help="Where to write it, which nothing may be yet; - for standard output. Else a new file in this directory.",
)
@click.option(
    "--log",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"A log whose last {LOG_LINES} lines are taken. Else the journal of dcvd.service, where there is one.",
)
@click.option("--with-names", is_flag=True, help="Leave the names of organizations, hostnames and mail addresses.")
@json_option
@config_option
def bugreport(output: str | None, log: Path | None, with_names: bool, as_json: bool, config: Path) -> None:
    """Write what helps to find a fault into one text file, which only you can read.

    It has the versions, the configuration, what doctor and check find, the status, jobs and deliveries that failed, and
    the end of the log. Tokens, keys, passwords and signing secrets are taken out, and whatever looks like one. Names of
    organizations, hostnames and mail addresses are replaced, each by the same word throughout. Nothing is sent to
    anybody: read the file, then decide.
    """
    path = Path(output or time.strftime("dcvd-bugreport-%Y%m%d-%H%M%S.txt"))
    if output != "-" and path.exists():
        raise DcvdError(f"There is a file {path} already: name another by --output.")
    report = write_report(
        list(gather_sections(config, log)), config, list_organization_names(config), with_names=with_names
    )
    if output == "-":
        click.echo(report.text, nl=False)
        return
    with create_file(path) as draft:
        draft.write_text(report.text, encoding="utf-8", errors="replace")
    if as_json:
        print_json({"file": str(path.absolute()), "sections": report.titles, "replaced": report.replaced})
    else:
        _print_summary(path, report)


def _print_summary(path: Path, report: Report) -> None:
    head, _, _ = report.text.partition("\n\n")
    print_prose(f"Wrote {path}, {path.stat().st_size >> 10} KiB, which only you can read.\n{head}")
