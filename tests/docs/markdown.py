"""Markdown pages of this repository: their headings, links, tables and code blocks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

ROOT: Final = Path(__file__).parents[2]
_HEADING: Final = re.compile(r"^#{1,6} (.+?)\s*$")
_LINK: Final = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")
_ANCHOR: Final = re.compile(r'<a id="([^"]+)"></a>')
_FENCE: Final = re.compile(r"^```(.*)$")
_CELL_BORDER: Final = re.compile(r"(?<!\\)\|")


class CodeBlock(Struct, frozen=True):
    """A fenced block: its language, its text, and the line of its first fence."""

    language: str
    text: str
    line: int


class Page(Struct, frozen=True):
    """A page: its path, its code blocks, and the lines outside of them, by their number."""

    path: Path
    blocks: list[CodeBlock]
    lines: dict[int, str]

    @property
    def name(self) -> str:
        """The path below the root."""
        return str(self.path.relative_to(ROOT))

    @property
    def anchors(self) -> set[str]:
        """The fragments that a link to this page may have, as GitHub makes them of headings."""
        found: set[str] = set()
        for line in self.lines.values():
            found.update(_ANCHOR.findall(line))
            if heading := _HEADING.match(line):
                found.add(_number_if_known(slug(heading[1]), found))
        return found

    @property
    def links(self) -> list[tuple[int, str]]:
        """The targets of links, with their lines."""
        return [(number, link["target"]) for number, line in self.lines.items() for link in _LINK.finditer(line)]

    @property
    def cells(self) -> list[tuple[int, str]]:
        """The cells of tables, with their lines."""
        return [
            (number, cell.strip())
            for number, line in self.lines.items()
            if line.startswith("|")
            for cell in _CELL_BORDER.split(line.strip().strip("|"))
        ]

    def section(self, heading: str) -> str:
        """Return the prose below a heading, up to the next heading."""
        text = "\n".join(self.lines.values())
        (found,) = re.findall(rf"(?ms)^#+ {re.escape(heading)}$(.*?)(?=^#+ |\Z)", text)
        return str(found)


def pages() -> list[Page]:
    """Read every page of the repository: those at its root and those below docs."""
    return [read_page(path) for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])]


def read_page(path: Path) -> Page:
    """Read one page. Raises ValueError where a code block has no end."""
    blocks: list[CodeBlock] = []
    outside: dict[int, str] = {}
    numbered = enumerate(path.read_text().splitlines(), start=1)
    for number, line in numbered:
        fence = _FENCE.match(line)
        if fence is None:
            outside[number] = line
        else:
            blocks.append(CodeBlock(fence[1].strip(), _read_block(path, numbered), number))
    return Page(path, blocks, outside)


def slug(heading: str) -> str:
    """Return the fragment that GitHub makes of a heading."""
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def _read_block(path: Path, numbered: Iterator[tuple[int, str]]) -> str:
    lines: list[str] = []
    for _, line in numbered:
        if line == "```":
            return "\n".join(lines) + "\n"
        lines.append(line)
    raise ValueError(f"{path}: a code block does not end")


def _number_if_known(fragment: str, known: set[str]) -> str:
    if fragment not in known:
        return fragment
    return next(numbered for count in range(1, 100) if (numbered := f"{fragment}-{count}") not in known)
