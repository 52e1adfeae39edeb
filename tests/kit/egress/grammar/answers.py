"""Answers of a hostile receiver: a grammar of what goes wrong with HTTP, each answer known by its seed and number."""

import random
from enum import StrEnum
from typing import Final, NamedTuple

from tests.kit.egress.grammar.bodies import make_framed_body
from tests.kit.egress.grammar.choices import Draft
from tests.kit.egress.grammar.headers import join_head, make_headers
from tests.kit.egress.grammar.status_lines import make_opening, make_status_line


class Start(StrEnum):
    """When an answer begins."""

    AFTER_REQUEST = "after the request"
    AT_FIRST_BYTES = "at the first bytes of the request"
    BEFORE_REQUEST = "before the request"


class Ending(StrEnum):
    """What becomes of the connection after the last byte."""

    CLOSE = "closed"
    RESET = "reset"
    HALF_CLOSE = "closed on one side"
    STAY = "left open"


class Piece(NamedTuple):
    """Bytes, and the seconds before they are sent."""

    delay_s: float
    data: bytes


class Answer(NamedTuple):
    """status: what the answer was made with, where nothing spoils it; 0 for what is no HTTP. faults: by name."""

    number: int
    status: int
    faults: frozenset[str]
    start: Start
    pieces: tuple[Piece, ...]
    ending: Ending

    @property
    def data(self) -> bytes:
        return b"".join(piece.data for piece in self.pieces)

    def __str__(self) -> str:
        faults = ", ".join(sorted(self.faults)) or "no fault"
        return f"answer {self.number} ({faults}; {self.start}, {self.ending}): {self.data[:300]!r}"


_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_NO_HTTP: Final = {
    "silence": b"",
    "an SSH banner": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "an SMTP banner": b"220 mail.example ESMTP ready\r\n",
    "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x0a",
    "a TLS hello": b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    "a preface of HTTP/2": _PREFACE,
    "SETTINGS of HTTP/2": b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "GOAWAY of HTTP/2": b"\x00\x00\x08\x07" + bytes(9) + b"\x00\x00\x00\x01",
    "HTTP/0.9": b"<html><body>OK</body></html>\n",
    "JSON alone": b'{"status":200}\n',
    "a request": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "headers alone": b"Content-Length: 0\r\n\r\n",
    "NUL bytes": bytes(64),
    "the beginning of HTTP": b"HTT",
    "the beginning of a status": b"HTTP/1.1 20",
    "a status line alone": b"HTTP/1.1 200 OK\r\n",
    "a status line and half a header": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a frame of a web socket": b"\x81\x05hello",
    "blank lines": b"\r\n" * 20,
    "an endless line": b"x" * 40_000,
}
_FOLLOWING: Final = {
    "a second answer": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
    "a second answer of another kind": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
    "408 after the answer": b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "100 after the answer": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a blank line after the answer": b"\r\n",
    "bytes after the answer": b"\0\xff\x16\x03",
    "half an answer after the answer": b"HTTP/1.1 2",
}
_ENDINGS: Final = (Ending.CLOSE,) * 6 + (Ending.HALF_CLOSE,) * 2 + (Ending.RESET,) * 3 + (Ending.STAY,)


def make_answer(seed: int, number: int) -> Answer:
    """The answer of that number; the same whenever it is asked for."""
    draft = Draft(random.Random(f"{seed}/{number}"))
    status = 0
    if draft.happens(0.05):
        data = draft.chance.randbytes(50) if draft.happens(0.1) else draft.pick_named(_NO_HTTP)
        draft.note("no HTTP")
    else:
        status, data = _make_http(draft)
    start, ending = Start.AFTER_REQUEST, draft.pick(*_ENDINGS)
    if draft.happens(0.03):
        start = Start.AT_FIRST_BYTES
    elif draft.happens(0.01):
        start = Start.BEFORE_REQUEST
    pieces = _cut(draft, data)
    if draft.happens(0.02):
        draft.note("it breaks off")
        data = data[: draft.chance.randrange(len(data) + 1)]
        pieces = _cut(draft, data)
    return Answer(number, status, frozenset(draft.faults), start, pieces, ending)


def _make_http(draft: Draft) -> tuple[int, bytes]:
    opening = make_opening(draft)
    status, line = make_status_line(draft)
    fields, body = make_framed_body(draft)
    if status in (204, 304) and draft.happens(0.5):
        fields, body = [], b""
    elif status in (204, 304):
        draft.note("a body where none is allowed")
    headers = make_headers(draft)
    place = draft.chance.randint(0, len(headers))
    data = opening + line + join_head(draft, [*headers[:place], *fields, *headers[place:]]) + body
    if draft.happens(0.06):
        data += draft.pick_named(_FOLLOWING)
    return status, data


def _cut(draft: Draft, data: bytes) -> tuple[Piece, ...]:
    """The data in one piece, in a few with pauses, or byte by byte."""
    first_delay_s = draft.pick(0.0, 0.0, 0.0, 0.002, 0.02)
    way = draft.pick("at once", "at once", "a few", "a few", "drip")
    if way == "at once" or len(data) < 2:
        return (Piece(first_delay_s, data),)
    if way == "drip":
        # Only the beginning: a head that comes byte by byte takes a fifth of a second at most.
        drops = [Piece(0.001, data[at : at + 1]) for at in range(min(len(data), draft.pick(10, 60, 200)))]
        return (*drops, Piece(0.001, data[len(drops) :]))
    cuts = sorted(draft.chance.sample(range(1, len(data)), min(len(data) - 1, draft.pick(1, 2, 5))))
    bounds = zip([0, *cuts], [*cuts, len(data)], strict=True)
    return tuple(Piece(draft.pick(0.0, 0.001, 0.01), data[start:end]) for start, end in bounds)
