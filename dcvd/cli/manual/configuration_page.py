"""The page dcvd.toml(5), made of the documented file of defaults."""

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Final

from dcvd import __version__
from dcvd.cli.manual.roff import RoffPage

_SECTION: Final = re.compile(r"\[([a-z0-9_.]+)\]")
_KEY: Final = re.compile(r"(# )?([a-z0-9_]+) = (.*)")
_BLOCK_INDENT: Final = "   "


def render_configuration_page(text: str, date: str) -> str:
    """Render the page of a file in which comments explain sections, and the keys below them."""
    head, *sections = re.split(r"\n\n(?=(?:#.*\n)*\[[a-z0-9_.]+\]\n)", text)
    page = RoffPage("DCVD.TOML", 5, date=date, source=f"dcvd {__version__}", title="dcvd")
    page.add_name("dcvd.toml", "the configuration of dcvd")
    page.add_section("DESCRIPTION")
    for paragraph in head.strip().split("\n#\n"):
        for part in _join_comment(paragraph.splitlines()):
            page.add_paragraph(part)
    for section in sections:
        _add_section(page, section)
    page.add_section("SEE ALSO")
    page.add_paragraph("dcvd(1), dcvd-config(1), dcvd-check-config(1)")
    return page.render()


def _add_section(page: RoffPage, text: str) -> None:
    comment: list[str] = []
    for line in f"{text}\n".split("\n"):
        if _SECTION.fullmatch(line):
            page.add_section(line)
            for part in _join_comment(comment):
                page.add_paragraph(part)
            comment = []
            continue
        key = _KEY.fullmatch(line)
        if key is not None and (key[1] is None or comment):
            explanation = _start_at_required(comment) if key[1] else comment
            page.add_entry(f"{key[2]} = {key[3]}", *_join_comment(explanation))
            comment = []
        elif line.startswith("#"):
            comment.append(line)
        elif not line and comment:
            for part in _join_comment(comment):
                if part.startswith(_BLOCK_INDENT):
                    page.add_block(inspect.cleandoc(part))
                else:
                    page.add_paragraph(part)
            comment = []


def _start_at_required(comment: Sequence[str]) -> Sequence[str]:
    starts = [number for number, line in enumerate(comment) if line.startswith("# Required.")]
    return comment[starts[-1] :] if starts else comment


def _join_comment(lines: Sequence[str]) -> Iterator[str]:
    """Yield the paragraphs of a comment; an indented block begins with its blanks."""
    paragraph: list[str] = []
    for line in (line.removeprefix("#") for line in lines):
        is_block = line.startswith(_BLOCK_INDENT)
        was_block = bool(paragraph) and paragraph[-1].startswith(_BLOCK_INDENT)
        if paragraph and (is_block != was_block or not line.strip()):
            yield _join(paragraph)
            paragraph = []
        if line.strip():
            paragraph.append(line)
    if paragraph:
        yield _join(paragraph)


def _join(lines: Sequence[str]) -> str:
    return "\n".join(lines) if lines[0].startswith(_BLOCK_INDENT) else " ".join(line.strip() for line in lines)
