"""Status lines of every kind, with the interim answers before them."""

from typing import Final

from tests.kit.egress.grammar.choices import CRLF, Draft

SUCCESSES: Final = (200, 200, 200, 200, 201, 202, 203, 204, 205, 206, 207, 226, 299)
OTHERS: Final = (
    300,
    301,
    302,
    304,
    307,
    400,
    401,
    404,
    407,
    408,
    409,
    410,
    417,
    421,
    425,
    429,
    451,
    499,
    500,
    503,
    599,
)
_REASONS: Final = {200: b"OK", 201: b"Created", 204: b"No Content", 304: b"Not Modified", 404: b"Not Found"}
_VERSIONS: Final = {
    f"version {text.decode()}": text
    for text in (
        b"HTTP/1.0",
        b"HTTP/0.9",
        b"HTTP/1.2",
        b"HTTP/1.9",
        b"HTTP/2.0",
        b"HTTP/2",
        b"HTTP/3",
        b"HTTP/1",
        b"HTTP/11.1",
        b"HTTP/1.10",
        b"HTTP/1,1",
        b"HTTP/x.y",
        b"http/1.1",
        b"Http/1.1",
        b"HTTP 1.1",
        b"HTTP/ 1.1",
        b"HTTPS/1.1",
        b"HTTP1.1",
        b"ICY",
        b"RTSP/1.0",
        b"SIP/2.0",
        b"",
    )
}
_CODES: Final = {
    f"status {text.decode()}": text
    for text in (
        *(b"000", b"001", b"099", b"99", b"0", b"2", b"20", b"600", b"700", b"999", b"1000", b"2000", b"20000000000"),
        *(b"2xx", b"-200", b"+200", b"200.5", b"0200", b"20 0", b"0x200", b"2e2", b"OK", b"", b"200;", b"200,", b"404"),
    )
}
_GAPS: Final = {
    "two spaces": b"  ",
    "a tab for a space": b"\t",
    "no space": b"",
    "NUL for a space": b"\0",
    "NBSP": b"\xa0",
}
_PHRASES: Final = {
    "no reason": b"",
    "no reason, a space": b" ",
    "a long reason": b" " + b"long " * 1000,
    "a reason beyond ASCII": " Schön ✓".encode(),
    "a reason in Latin-1": b" Sch\xf6n",
    "NUL in the reason": b" O\0K",
    "CR in the reason": b" O\rK",
    "a tab in the reason": b" O\tK",
    "an escape in the reason": b" \x1b[31mOK",
    "another status as the reason": b" 500 Internal Server Error",
    "a header as the reason": b" Content-Length: 5",
}
LINE_ENDS: Final = {"LF": b"\n", "CR": b"\r", "CR CR LF": b"\r\r\n", "LF CR": b"\n\r", "NUL CR LF": b"\0\r\n"}
_BEFORE: Final = {
    "a blank line first": CRLF,
    "blank lines first": CRLF * 5,
    "bare LF first": b"\n",
    "a space first": b" ",
    "a BOM first": b"\xef\xbb\xbf",
    "NUL first": b"\0",
    "a header first": b"X-First: 1\r\n",
    "a banner first": b"220 mail.example ESMTP\r\n",
}
_INTERIM_HEADS: Final = {
    "100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "100 with HTTP/1.0": b"HTTP/1.0 100 Continue\r\n\r\n",
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
    "199": b"HTTP/1.1 199 Whatever\r\n\r\n",
    "100 with a length": b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n",
    "100 with length 0": b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
    "100 with a body": b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello",
    "100 with chunks": b"HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "100 that closes": b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n",
    "101": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "101 without Upgrade": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "half a 100": b"HTTP/1.1 100 Continue\r\n",
}


def make_opening(draft: Draft) -> bytes:
    """What comes before the status line; usually nothing."""
    if draft.happens(0.03):
        return draft.pick_named(_BEFORE)
    if draft.happens(0.12):
        draft.note("interim answers")
        if draft.happens(0.2):
            draft.note("many interim answers")
            return draft.pick_named(_INTERIM_HEADS) * draft.pick(3, 5, 6, 8, 9, 12, 40, 500)
        return b"".join(draft.pick_named(_INTERIM_HEADS) for _ in range(draft.pick(1, 1, 1, 2)))
    return b""


def make_status_line(draft: Draft) -> tuple[int, bytes]:
    """A status line, and the status that it was made with before anything was spoiled."""
    status = draft.pick(*SUCCESSES) if draft.happens(0.7) else draft.pick(*OTHERS)
    version, code, gap, end = b"HTTP/1.1", b"%d" % status, b" ", CRLF
    phrase = b" " + _REASONS.get(status, b"Some Reason")
    if draft.happens(0.3):
        match draft.pick("version", "code", "gap", "phrase", "phrase", "end"):
            case "version":
                version = draft.pick_named(_VERSIONS)
            case "code":
                code = draft.pick_named(_CODES)
            case "gap":
                gap = draft.pick_named(_GAPS)
            case "phrase":
                phrase = draft.pick_named(_PHRASES)
            case _:
                name = draft.pick(*LINE_ENDS)
                draft.note(f"{name} ends the status line")
                end = LINE_ENDS[name]
    return status, version + gap + code + phrase + end
