"""What an examination found: one finding for each part, in a sentence that says what to do."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import click
from msgspec import Struct

from dcvd.cli.terminal.screen import find_screen
from dcvd.cli.terminal.tables import format_facts

Status = Literal["ok", "failing", "unknown"]
LABELS: Final[Mapping[Status, str]] = {"ok": "ok", "failing": "FAILING", "unknown": "not known"}


class Finding(Struct, frozen=True):
    """The state of one part, and what was found, in a sentence. `unknown`: it could not be told."""

    part: str
    status: Status
    message: str


def show_findings(findings: Sequence[Finding]) -> None:
    """Print one finding a line, or below itself where the terminal is narrow."""
    click.echo(
        format_facts(
            [(LABELS[finding.status], f"{finding.part}: {finding.message}") for finding in findings],
            find_screen().width,
        )
    )
