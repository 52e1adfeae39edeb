"""Fields of a head, well-formed and spoiled."""

from typing import Final

from tests.kit.egress.grammar.choices import CRLF, Draft
from tests.kit.egress.grammar.status_lines import LINE_ENDS

_USUAL: Final = (
    b"Date: Fri, 15 Jan 2027 08:00:00 GMT",
    b"Server: nginx/1.25.3",
    b"Content-Type: application/json; charset=utf-8",
    b"Set-Cookie: a=b; Path=/; HttpOnly",
    b"Location: /elsewhere",
    b"Retry-After: 120",
    b"Cache-Control: no-store",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Keep-Alive: timeout=5, max=100",
    b"Content-Encoding: identity",
    b'ETag: "x"',
    b"Vary: *",
    b"X-Empty:",
    b"X-Tight:value",
)
_FAULTY: Final = {
    "a folded header": b"X-Folded: one\r\n two",
    "a header folded by a tab": b"X-Folded: one\r\n\ttwo",
    "a header folded by LF": b"X-Folded: one\n two",
    "an empty fold": b"X-Folded: one\r\n ",
    "bare LF between headers": b"X-A: 1\nX-B: 2",
    "bare CR in a header": b"X-A: 1\rX-B: 2",
    "NUL in a value": b"X-Nul: a\0b",
    "NUL in a name": b"X-N\0ul: ab",
    "a header without a colon": b"X-No-Colon",
    "a header of one colon": b":",
    "a header without a name": b": value",
    "a space before the colon": b"X-Space : value",
    "a tab before the colon": b"X-Tab\t: value",
    "a space in a name": b"X Space: value",
    "a space before a name": b" X-Space: value",
    "a name beyond ASCII": "X-Schön: 1".encode(),
    "a name in Latin-1": b"X-Sch\xf6n: 1",
    "a value beyond ASCII": "X-Value: ✓".encode(),
    "a value in Latin-1": b"X-Value: Sch\xf6n",
    "a value that is no text": b"X-Value: \xff\xfe\xed\xa0\x80",
    "an escape in a value": b"X-Value: \x1b[31m",
    "DEL in a value": b"X-Value: a\x7fb",
    "a bell in a value": b"X-Value: a\x07b",
    "a separator in a name": b"X(Y): 1",
    "a quote in a name": b'X"Y: 1',
    "a name with @": b"X@Y: 1",
    "a header that is repeated": b"Server: a\r\nServer: b",
    "a header of 7 KB": b"X-Long: " + b"x" * 7_000,
    "a header of 9 KB": b"X-Long: " + b"x" * 9_000,
    "a header of 60 KB": b"X-Long: " + b"x" * 60_000,
    "a name of 9 KB": b"X" * 9_000 + b": 1",
    "a hundred headers": CRLF.join(b"X-%d: %d" % (number, number) for number in range(100)),
    "a thousand headers": CRLF.join(b"X-%d: %d" % (number, number) for number in range(1000)),
    "36 KB of headers": CRLF.join(b"X-%d: " % number + b"x" * 590 for number in range(60)),
    "a status line among the headers": b"HTTP/1.1 500 Oops",
    "a request among the headers": b"GET / HTTP/1.1",
    "an offer of h2": b"Upgrade: h2, h2c\r\nConnection: Upgrade",
    "an upgrade without an offer": b"Connection: Upgrade",
    "Connection of nonsense": b'Connection: ,, close;x, "keep-alive"',
    "two Connections": b"Connection: close\r\nConnection: keep-alive",
    "Content-Encoding gzip": b"Content-Encoding: gzip",
    "Content-Encoding br": b"Content-Encoding: br",
    "Content-Encoding unknown": b"Content-Encoding: rot13",
    "Trailer": b"Trailer: X-After",
    "a Location that is no URL": b"Location: http://[::1/\xff",
    "a Set-Cookie of nonsense": b"Set-Cookie: =;;=\x01",
    "HTTP2-Settings": b"HTTP2-Settings: AAMAAABkAAQAAP__",
    "a date of nonsense": b"Date: yesterday",
    "a Retry-After of nonsense": b"Retry-After: -99999999999999999999",
}


def make_headers(draft: Draft) -> list[bytes]:
    """Fields of a head without those that frame its body."""
    lines = draft.chance.sample(_USUAL, draft.pick(0, 1, 2, 3, 4))
    if draft.happens(0.3):
        for _ in range(draft.pick(1, 1, 1, 2)):
            lines.insert(draft.chance.randint(0, len(lines)), draft.pick_named(_FAULTY))
    return lines


def join_head(draft: Draft, lines: list[bytes]) -> bytes:
    """The fields with the ends of their lines, and the end of the head."""
    end = last = CRLF
    if draft.happens(0.05):
        name = draft.pick(*LINE_ENDS)
        draft.note(f"{name} ends each header")
        end = last = LINE_ENDS[name]
    elif draft.happens(0.03):
        name = draft.pick(*LINE_ENDS)
        draft.note(f"{name} ends the head")
        last = LINE_ENDS[name]
    elif draft.happens(0.02):
        draft.note("the head does not end")
        last = b""
    return b"".join(line + end for line in lines) + last
