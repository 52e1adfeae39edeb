"""What an import says: row by row what came along, what not and why, and how many there were of each."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import click
from msgspec import Struct

from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.tables import format_table
from dcvd.core.predecessor.rows import ImportOutcome, ImportResult, RowKind

_WORDS: Final = {
    ImportOutcome.IMPORTED: "imported",
    ImportOutcome.WOULD_IMPORT: "would be imported",
    ImportOutcome.CLAIMED: "claimed by another too",
    ImportOutcome.WOULD_CLAIM: "claimed by another too",
    ImportOutcome.EXISTS: "there already",
    ImportOutcome.LEFT_OUT: "left out",
    ImportOutcome.REFUSED: "refused",
}


class ReportOutput(Struct, frozen=True, kw_only=True, rename="camel"):
    """The report for programs. rows: without those of the history that have nothing to say. summary: kind by kind."""

    dry_run: bool
    rows: list[ImportResult]
    summary: dict[str, dict[str, int]]
    missing: list[str]
    not_moved: list[str]


class Report:
    """Gathers results; `prints_rows`: whether each is printed as it comes, and not only those with something to say."""

    def __init__(self, *, dry_run: bool, prints_rows: bool) -> None:
        self._dry_run = dry_run
        self._prints_rows = prints_rows
        self._rows: list[ImportResult] = []
        self._counts: Counter[tuple[RowKind, ImportOutcome]] = Counter()

    @property
    def has_refusals(self) -> bool:
        """Whether a row was refused."""
        return any(outcome is ImportOutcome.REFUSED for _, outcome in self._counts)

    def add(self, result: ImportResult) -> None:
        """Take a result."""
        self._counts[result.kind, result.outcome] += 1
        is_dull = result.kind is RowKind.HISTORY and not result.notes
        if not is_dull:
            self._rows.append(result)

    def show(self, missing: Sequence[str], not_moved: Sequence[str]) -> None:
        """Print the report for people."""
        for result in self._rows:
            if self._prints_rows or result.notes:
                print_prose(f"{_WORDS[result.outcome]}: {result.kind.value} {_name(result)}")
                for note in result.notes:
                    print_prose(note, indent="    ")
        for title, sentences in (("The dump:", missing), ("Not moved:", not_moved)):
            if sentences:
                print_prose(title)
                print_prose("\n".join(sentences), indent="    ")
        rows = [
            (kind.value, _WORDS[outcome], str(self._counts[kind, outcome]))
            for kind in RowKind
            for outcome in ImportOutcome
            if self._counts[kind, outcome]
        ]
        if rows:
            click.echo(format_table(("kind", "outcome", "rows"), rows))
        else:
            print_prose("The dump has no rows.")

    def build_output(self, missing: Sequence[str], not_moved: Sequence[str]) -> ReportOutput:
        """Build the report for programs."""
        summary: dict[str, dict[str, int]] = {}
        for (kind, outcome), count in sorted(self._counts.items()):
            summary.setdefault(kind.value, {})[outcome.value] = count
        return ReportOutput(
            dry_run=self._dry_run,
            rows=self._rows,
            summary=summary,
            missing=list(missing),
            not_moved=list(not_moved),
        )


def _name(result: ImportResult) -> str:
    return result.name if result.name == result.id else f"{result.name} ({result.id})"
