"""Bodies of many lines, one JSON value each: they are read as they arrive, within bounds of lines and bytes."""

from codecs import BOM_UTF8
from collections.abc import AsyncIterator
from typing import Final

from litestar.types import HTTPReceiveMessage, Receive
from msgspec import Struct

from dcvd.core.domains.bulk import MAX_LINES
from dcvd.errors import InvalidInput
from dcvd.http.bodies.body import ClientGone

MEDIA_TYPE: Final = "application/x-ndjson"
MAX_LINE_BYTES: Final = 4096  # bytes
MAX_BYTES: Final = 64 << 20


class RawLine(Struct, frozen=True):
    """A line as it was sent, without its line end, numbered from 1 as in an editor; `fault`: why it cannot be read."""

    number: int
    content: bytes
    fault: InvalidInput | None = None


class LineReader:
    """Cuts the pieces of a body into lines. Blank lines are counted and left out; one that is too long is dropped."""

    def __init__(
        self, *, most_lines: int = MAX_LINES, longest_line: int = MAX_LINE_BYTES, most_bytes: int = MAX_BYTES
    ) -> None:
        self._most_lines = most_lines
        self._longest_line = longest_line
        self._most_bytes = most_bytes
        self._line_number = 1
        self._bytes_read = 0
        self._partial_line = b""
        self._is_too_long = False
        self.is_full = False
        """Whether the body exceeds the bounds, so that no more is read; the last line that was returned says so."""

    def feed(self, piece: bytes) -> list[RawLine]:
        """Add a piece of the body, and return the lines that it completes."""
        self._bytes_read += len(piece)
        *complete, rest = piece.split(b"\n")
        lines: list[RawLine] = []
        for part in complete:
            self._append(part)
            self._finish_line(lines)
            if self.is_full:
                return lines
        self._append(rest)
        if self._bytes_read > self._most_bytes:
            self._stop(lines, f"The body is longer than {self._most_bytes} bytes; send the rest by another call.")
        return lines

    def end(self) -> list[RawLine]:
        """End the body, and return its last line if that had no line end."""
        lines: list[RawLine] = []
        if not self.is_full and (self._partial_line or self._is_too_long):
            self._finish_line(lines)
        return lines

    def _append(self, part: bytes) -> None:
        if self._is_too_long or len(self._partial_line) + len(part) > self._longest_line:
            self._partial_line, self._is_too_long = b"", True
        else:
            self._partial_line += part

    def _finish_line(self, lines: list[RawLine]) -> None:
        content, too_long = self._partial_line.strip(b" \t\r"), self._is_too_long
        number = self._line_number
        if number == 1:
            content = content.removeprefix(BOM_UTF8)
        self._partial_line, self._is_too_long = b"", False
        self._line_number += 1
        if number > self._most_lines:
            self._line_number = number
            self._stop(lines, f"The body has more than {self._most_lines} lines; send the rest by another call.")
        elif too_long:
            message = f"The line is longer than {self._longest_line} bytes."
            lines.append(RawLine(number, b"", InvalidInput("line", message, code="line_too_long")))
        elif content:
            lines.append(RawLine(number, content))

    def _stop(self, lines: list[RawLine], message: str) -> None:
        self.is_full = True
        lines.append(RawLine(self._line_number, b"", InvalidInput("body", message, code="body_too_large")))


async def read_lines(receive: Receive) -> AsyncIterator[list[RawLine]]:
    """Yield the lines of a body as they arrive. Raises ClientGone when the client leaves in the middle."""
    reader = LineReader()
    while True:
        message: HTTPReceiveMessage = await receive()  # type: ignore[assignment]  # no other kind has a body
        if message["type"] != "http.request":
            raise ClientGone
        lines = reader.feed(message["body"])
        if not message["more_body"]:
            lines += reader.end()
        if lines:
            yield lines
        if reader.is_full or not message["more_body"]:
            return
