"""Lists as tables that fit the terminal, as blocks where a wide row does not, or as JSON."""

from collections.abc import Sequence
from typing import TypeVar

import click
import msgspec

from dcvd.cli.extents import Listed
from dcvd.cli.terminal.ages import read_clock
from dcvd.cli.terminal.columns import Column, colour, format_cell
from dcvd.cli.terminal.layout import ColumnSize, fit_columns
from dcvd.cli.terminal.output import ListOutput
from dcvd.cli.terminal.pager import print_pages
from dcvd.cli.terminal.prose import print_prose
from dcvd.cli.terminal.screen import Screen, find_screen
from dcvd.cli.terminal.tables import GAP, format_facts
from dcvd.cli.terminal.text import make_harmless, measure_width, pad, shorten, wrap

_T = TypeVar("_T")


def print_list(
    listed: Listed[_T], columns: Sequence[Column[_T]], output: ListOutput, *, member: str, nothing: str
) -> None:
    """Print a list as it was asked for. `member`: its name in JSON, where `hasMore` is true if it goes on.
    `nothing`: the sentence for an empty one.
    """
    if output.form == "json":
        click.echo(msgspec.json.encode({member: listed.items, **({"hasMore": True} if listed.more else {})}))
        return
    if not listed.items:
        print_prose(nothing, err=True)
        return
    screen = find_screen()
    text = format_list(listed.items, columns, screen, now=read_clock(), is_wide=output.form == "wide")
    print_pages(text, screen, uses_pager=output.uses_pager)
    if listed.more:
        print_prose(describe_more(listed, output), err=True)


def print_table(items: Sequence[_T], columns: Sequence[Column[_T]], *, is_wide: bool) -> None:
    """Print a table that belongs to something else, such as the parts of one thing."""
    if items:
        click.echo(format_list(items, columns, find_screen(), now=read_clock(), is_wide=is_wide))


def format_list(
    items: Sequence[_T], columns: Sequence[Column[_T]], screen: Screen, *, now: int, is_wide: bool = False
) -> str:
    """Format a list for a screen. Where all columns were asked for and do not fit, each item is a block of facts."""
    shown = [column for column in columns if is_wide or not column.only_wide]
    rows = [[make_harmless(format_cell(column.cell(item), now, is_wide=is_wide)) for column in shown] for item in items]
    headings = [column.heading.upper() for column in shown]
    natural = [max(map(measure_width, cells)) for cells in zip(headings, *rows, strict=True)]
    sizes = [ColumnSize(width, column.shortest, column.gives_way) for width, column in zip(natural, shown, strict=True)]
    if is_wide and screen.width is not None and sum(natural) + len(GAP) * (len(shown) - 1) > screen.width:
        names = [column.heading[:1].upper() + column.heading[1:] for column in shown]
        return "\n\n".join(
            format_facts([pair for pair in zip(names, row, strict=True) if pair[1]], screen.width) for row in rows
        )
    widths = fit_columns(sizes, screen.width)
    lines = [GAP.join(pad(shorten(headings[index], width), width) for index, width in widths.items()).rstrip()]
    for item, row in zip(items, rows, strict=True):
        lines.append(_format_row(item, row, shown, widths, screen))
    return "\n".join(lines)


def describe_more(listed: Listed[_T], output: ListOutput) -> str:
    """Say how many more there are, and how to see them."""
    if listed.is_exact:
        total = len(listed.items) + listed.more
        return f"{listed.more:,} more of {total:,}: use --all, or a higher --limit."
    return f"More than {listed.more:,} more: use --all, or a --limit above {output.limit:,}."


def _format_row(
    item: _T, row: Sequence[str], columns: Sequence[Column[_T]], widths: dict[int, int], screen: Screen
) -> str:
    cells: list[str] = []
    last = max((index for index in widths if row[index]), default=-1)
    for index, width in widths.items():
        if index > last:
            break
        if index == last and columns[index].wraps:
            indent = sum(widths[each] + len(GAP) for each in widths if each < index)
            cells.append(f"\n{' ' * indent}".join(wrap(row[index], width)))
            break
        text = shorten(row[index], width)
        tone = columns[index].tone
        blanks = "" if index == last else pad(text, width)[len(text) :]
        cells.append((text if tone is None else colour(screen.style, tone(item), text)) + blanks)
    return GAP.join(cells)
