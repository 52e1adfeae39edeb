"""Cells of spreadsheets that hold any text."""

import re
from typing import Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r\n]")
"""How a cell begins that a spreadsheet would calculate, or open, instead of showing it, and one that was escaped."""


def escape_formula(text: str) -> str:
    """Return the text so that a spreadsheet shows it as it is."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(cell: str) -> str:
    """Return the text of which `escape_formula` made a cell."""
    return cell.removeprefix("'") if _FORMULA.match(cell) else cell
