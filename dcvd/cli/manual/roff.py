"""Text as roff, in the macros of man(7)."""

import re
from typing import Final

_CODE: Final = re.compile(r"`([^`]+)`")


class RoffPage:
    """One manual page, built from its top to its end."""

    def __init__(self, name: str, section: int, *, date: str, source: str, title: str) -> None:
        """`date` and `source` stand in the page's last line, `title` in its first."""
        self._lines = [f'.TH "{escape(name)}" {section} "{date}" "{escape(source)}" "{escape(title)}"']
        self._lines += [".nh", ".ad l"]  # so that names can be copied, and lines stay without gaps

    def add_section(self, heading: str) -> None:
        self._lines.append(f".SH {_quote(heading)}")

    def ensure_section(self, heading: str) -> None:
        """Begin a section, unless the last one that began has this heading."""
        headings = [line for line in self._lines if line.startswith(".SH")]
        if headings[-1] != f".SH {_quote(heading)}":
            self.add_section(heading)

    def add_subsection(self, heading: str) -> None:
        self._lines.append(f".SS {_quote(heading)}")

    def add_name(self, name: str, summary: str) -> None:
        """The line by which whatis(1) knows the page."""
        self._lines += [".SH NAME", rf"{escape(name)} \- {escape(summary[:1].lower() + summary[1:].rstrip('.'))}"]

    def add_paragraph(self, text: str) -> None:
        """A text that is filled; `code` in it is bold."""
        if not self._lines[-1].startswith((".SH", ".SS")):  # which begin a paragraph by themselves
            self._lines.append(".PP")
        self._lines.append(format_text(text))

    def add_block(self, text: str) -> None:
        """Lines that stay as they are."""
        if not self._lines[-1].startswith((".SH", ".SS", ".RE")):
            self._lines.append(".PP")
        self._lines += [".RS 4", ".nf", *(protect(escape(line)) for line in text.splitlines()), ".fi", ".RE"]

    def add_entry(self, term: str, *paragraphs: str) -> None:
        """A term with what it means; a paragraph that begins with a blank stays as it is."""
        self._lines += [".TP", rf"\fB{protect(escape(term))}\fR"]
        if not paragraphs:
            self._lines.append("\\&")
        for number, paragraph in enumerate(paragraphs):
            if paragraph.startswith(" "):
                self._lines += ["" if number == 0 else ".IP", ".nf", *map(escape, paragraph.splitlines()), ".fi"]
            else:
                self._lines += [*([".IP"] if number else []), format_text(paragraph)]

    def render(self) -> str:
        return "\n".join(line for line in self._lines if line) + "\n"


def escape(text: str) -> str:
    """Escape what roff would take for its own; a hyphen stays one that can be copied into a shell."""
    return text.replace("\\", r"\e").replace("-", r"\-").replace("^", r"\(ha").replace("~", r"\(ti")


def protect(line: str) -> str:
    """Keep the beginning of a line from being taken for a request."""
    return rf"\&{line}" if line.startswith((".", "'")) else line


def format_text(text: str) -> str:
    """Format a text in one line, with `code` in bold."""
    return protect(_CODE.sub(r"\\fB\1\\fR", escape(" ".join(text.split()))))


def _quote(heading: str) -> str:
    return '"' + escape(heading).replace('"', r"\(dq") + '"'
