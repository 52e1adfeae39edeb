"""Bodies of many lines, one JSON value each: read as they come, and bounded in every way."""

from collections.abc import AsyncIterator
from typing import Final

from litestar.types import HTTPReceiveMessage, Receive
from msgspec import Struct

from dcvd.api.http.body import ClientGone
from dcvd.core.domains.bulk import MOST_LINES
from dcvd.errors import InvalidInput

MEDIA_TYPE: Final = "application/x-ndjson"
LONGEST_LINE: Final = 4096  # bytes
_MOST_BYTES: Final = 64 << 20


class RawLine(Struct, frozen=True):
    """A line as it was sent, without its end, numbered from 1 as an editor does; `fault`: it could not be read."""

    number: int
    content: bytes
    fault: InvalidInput | None = None


class LineReader:
    """Cuts pieces of a body into lines. Blank ones count and are left out; of a line too long no more is kept."""

    def __init__(
        self, *, most_lines: int = MOST_LINES, longest: int = LONGEST_LINE, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._most_lines = most_lines
        self._longest = longest
        self._most_bytes = most_bytes
        self._number = 1
        self._bytes = 0
        self._begun = b""
        self._too_long = False
        self.full = False
        """No more is read: the body has more lines, or more bytes, than are taken. The last line said so."""

    def feed(self, piece: bytes) -> list[RawLine]:
        """The lines that the piece completes."""
        self._bytes += len(piece)
        *complete, rest = piece.split(b"\n")
        found: list[RawLine] = []
        for part in complete:
            self._append(part)
            self._complete(found)
            if self.full:
                return found
        self._append(rest)
        if self._bytes > self._most_bytes:
            self._stop(found, f"The body is longer than {self._most_bytes} bytes; send the rest by another call.")
        return found

    def end(self) -> list[RawLine]:
        """The last line, where the body does not end with a line's end."""
        found: list[RawLine] = []
        if not self.full and (self._begun or self._too_long):
            self._complete(found)
        return found

    def _append(self, part: bytes) -> None:
        if self._too_long or len(self._begun) + len(part) > self._longest:
            self._begun, self._too_long = b"", True
        else:
            self._begun += part

    def _complete(self, found: list[RawLine]) -> None:
        content, too_long = self._begun.strip(b" \t\r"), self._too_long
        number = self._number
        self._begun, self._too_long = b"", False
        self._number += 1
        if number > self._most_lines:
            self._number = number
            self._stop(found, f"The body has more than {self._most_lines} lines; send the rest by another call.")
        elif too_long:
            message = f"The line is longer than {self._longest} bytes."
            found.append(RawLine(number, b"", InvalidInput("line", message, code="line_too_long")))
        elif content:
            found.append(RawLine(number, content))

    def _stop(self, found: list[RawLine], message: str) -> None:
        self.full = True
        found.append(RawLine(self._number, b"", InvalidInput("body", message, code="body_too_large")))


async def raw_lines(receive: Receive) -> AsyncIterator[list[RawLine]]:
    """The lines of a body, as many at a time as came. Raises ClientGone when the client leaves in the middle."""
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
        if reader.full or not message["more_body"]:
            return
