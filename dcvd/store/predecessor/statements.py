"""Cuts the text of an SQL dump into statements, and says what each does, without carrying any of them out."""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import Final

from msgspec import Struct

from dcvd.core.text import make_printable, shorten
from dcvd.errors import InvalidInput

MAX_STATEMENT_CHARACTERS: Final = 8 << 20
_MARKS: Final = re.compile(r"""['"`;\[]|--|/\*""")
_ENDS: Final = {"'": "'", '"': '"', "`": "`", "[": "]", "--": "\n", "/*": "*/"}
_HELD_BACK: Final = ("-", "/", "*")
"""A mark of two characters may be cut between two pieces."""
_NAME: Final = r"""(?:main\s*\.\s*)?(?:"((?:[^"]|"")+)"|'((?:[^']|'')+)'|`([^`]+)`|\[([^\]]+)\]|([A-Za-z_][\w$]*))"""
_CREATE_TABLE: Final = re.compile(rf"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}", re.IGNORECASE | re.ASCII)
_INSERT: Final = re.compile(rf"INSERT\s+(?:OR\s+\w+\s+)?INTO\s+{_NAME}", re.IGNORECASE | re.ASCII)
_TRIGGER: Final = re.compile(r"CREATE\s+(?:TEMP(?:ORARY)?\s+)?TRIGGER\b", re.IGNORECASE | re.ASCII)
_IGNORED: Final = re.compile(
    r"(?:PRAGMA|BEGIN|COMMIT|END|SAVEPOINT|RELEASE|ANALYZE|CREATE\s+(?:UNIQUE\s+)?INDEX)\b"
    r"|DELETE\s+FROM\s+[\"'`\[]?sqlite_sequence\b",
    re.IGNORECASE | re.ASCII,
)
_LEFT_OUT: Final = re.compile(r"CREATE\s+(?:TEMP(?:ORARY)?\s+)?(VIEW|VIRTUAL\s+TABLE)\b", re.IGNORECASE | re.ASCII)


class StatementKind(Enum):
    """What a statement does. IGNORED: nothing that matters here. LEFT_OUT: something that is never carried out."""

    CREATE_TABLE = auto()
    INSERT = auto()
    IGNORED = auto()
    LEFT_OUT = auto()
    UNKNOWN = auto()


class Statement(Struct, frozen=True):
    """A statement without its comments. line: where it begins. table: the one that it makes or fills, in lower case."""

    line: int
    text: str
    kind: StatementKind
    table: str = ""


class _Scanner:
    """Takes the text piece by piece, and remembers in which quotes or comment it is."""

    def __init__(self) -> None:
        self._open = ""
        self._pieces: list[str] = []
        self._length = 0
        self._line = self._begin_line = 1

    def feed(self, text: str) -> Iterator[tuple[int, str]]:
        """Add a piece, and yield the lines and texts of the statements that it completes."""
        position = 0
        while position < len(text):
            if self._open:
                position = self._skip(text, position)
                continue
            match = _MARKS.search(text, position)
            end = len(text) if match is None else match.start()
            self._keep(text[position:end])
            if match is None:
                return
            position = match.end()
            if match[0] == ";":
                yield self._begin_line, self.end()
            else:
                self._open = match[0]
                if match[0] not in ("--", "/*"):
                    self._keep(match[0])

    def end(self) -> str:
        """Return what was taken since the last statement ended."""
        statement = "".join(self._pieces).strip()
        self._pieces, self._length = [], 0
        return statement

    @property
    def is_inside(self) -> bool:
        """Whether quotes are open."""
        return self._open not in ("", "--")

    @property
    def begin_line(self) -> int:
        """Where the statement begins that is being taken."""
        return self._begin_line

    def _skip(self, text: str, position: int) -> int:
        end_mark = _ENDS[self._open]
        end = text.find(end_mark, position)
        stop = len(text) if end < 0 else end + len(end_mark)
        if self._open in ("--", "/*"):
            self._line += text.count("\n", position, stop)
            if end >= 0:
                self._keep(" ")
        else:
            self._keep(text[position:stop])
        if end >= 0:
            self._open = ""
        return stop

    def _keep(self, text: str) -> None:
        if not self._pieces:
            shown = text.lstrip()
            self._line += text.count("\n", 0, len(text) - len(shown))
            text = shown
            self._begin_line = self._line
        if text:
            self._pieces.append(text)
            self._line += text.count("\n")
            self._length += len(text)
            if self._length > MAX_STATEMENT_CHARACTERS:
                raise _fault(self._begin_line, "the statement is longer than 8 MiB")


def split_statements(pieces: Iterable[str]) -> Iterator[Statement]:
    """Yield the statements of a dump, which comes in pieces. Raises InvalidInput naming the line."""
    scanner, held = _Scanner(), ""
    trigger: tuple[int, str] | None = None
    for piece in pieces:
        text = held + piece
        held = text[-1] if text.endswith(_HELD_BACK) else ""
        for line, sql in scanner.feed(text[: len(text) - len(held)]):
            if trigger is not None or _TRIGGER.match(sql):
                # A trigger has statements of its own inside.
                begin, before = trigger or (line, "")
                trigger = begin, f"{before}{sql};"
                if len(trigger[1]) > MAX_STATEMENT_CHARACTERS:
                    raise _fault(begin, "the trigger does not end")
                if sqlite3.complete_statement(trigger[1]):
                    yield Statement(*trigger, StatementKind.LEFT_OUT)
                    trigger = None
            elif sql:
                yield _classify(line, sql)
    if trigger is not None:
        raise _fault(trigger[0], "the trigger does not end")
    for line, sql in scanner.feed(held):
        yield _classify(line, sql)
    is_inside, begin = scanner.is_inside, scanner.begin_line
    if is_inside or scanner.end():
        raise _fault(begin, "the statement does not end: the file was cut off")


def _classify(line: int, sql: str) -> Statement:
    for pattern, kind in ((_INSERT, StatementKind.INSERT), (_CREATE_TABLE, StatementKind.CREATE_TABLE)):
        if (match := pattern.match(sql)) is not None:
            return Statement(line, sql, kind, _read_name(match))
    if _IGNORED.match(sql):
        return Statement(line, sql, StatementKind.IGNORED)
    if _LEFT_OUT.match(sql):
        return Statement(line, sql, StatementKind.LEFT_OUT)
    return Statement(line, sql, StatementKind.UNKNOWN)


def _read_name(match: re.Match[str]) -> str:
    name = next(group for group in match.groups() if group is not None)
    return name.replace('""', '"').replace("''", "'").lower()


def describe_statement(sql: str) -> str:
    """Show by which word a statement begins: its values may be secret."""
    return shorten(make_printable(sql[:60].split(maxsplit=1)[0]), 30)


def _fault(line: int, what: str) -> InvalidInput:
    return InvalidInput("DUMP", f"The dump cannot be read: line {line}: {what}. Export it again.", code="bad_dump")
