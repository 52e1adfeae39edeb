"""Bodies, and what the head says of their length."""

import gzip
from typing import Final

from tests.kit.egress.grammar.choices import CRLF, Draft

_LENGTHS: Final = {
    "Content-Length that is negative": (b"-5",),
    "Content-Length with a plus": (b"+%d",),
    "Content-Length in hex": (b"0x%x",),
    "Content-Length with zeros before it": (b"000%d",),
    "Content-Length with a unit": (b"%db",),
    "Content-Length with a point": (b"%d.0",),
    "Content-Length with an exponent": (b"%de0",),
    "Content-Length in words": (b"five",),
    "Content-Length that is empty": (b"",),
    "Content-Length in quotes": (b'"%d"',),
    "Content-Length with spaces around it": (b"  %d \t",),
    "Content-Length with a space inside": (b"1 %d",),
    "Content-Length with a semicolon": (b"%d;",),
    "Content-Length with a comma": (b"%d,",),
    "Content-Length as a list of equals": (b"%d, %d",),
    "Content-Length as a list that conflicts": (b"%d, 7777",),
    "Content-Length of 2^31": (b"2147483648",),
    "Content-Length of 2^63": (b"9223372036854775808",),
    "Content-Length of 2^64": (b"18446744073709551616",),
    "Content-Length of 2^64 and 5": (b"18446744073709551621",),
    "Content-Length of 30 digits": (b"9" * 30,),
    "Content-Length twice, equal": (b"%d", b"%d"),
    "Content-Length thrice, equal": (b"%d", b"%d", b"%d"),
    "Content-Length twice, equal in value": (b"%d", b"0%d"),
    "Content-Length twice, in conflict": (b"%d", b"7777"),
    "Content-Length twice, one bad": (b"%d", b"five"),
    "Content-Length twice, one empty": (b"%d", b""),
    "Content-Length beyond ASCII": ("٥".encode(),),
}
_CODINGS: Final = {
    f"Transfer-Encoding {text.decode('latin-1')!r}": text
    for text in (
        *(b"Chunked", b"CHUNKED", b" chunked\t", b"chunked,", b",chunked", b"chunked, chunked", b"gzip, chunked"),
        *(b"chunked, gzip", b"gzip", b"identity", b"identity, chunked", b"xchunked", b"chunked;q=1", b'"chunked"'),
        *(b"chunked\x0b", b"\x0bchunked", b"chu nked", b"", b"chunked\0", b"x", b"deflate", b"chunked, identity"),
        *(b"chunked\r\n ", b"\r\n chunked", b"chunked\r\nTransfer-Encoding: chunked"),
        *(b"gzip\r\nTransfer-Encoding: chunked", b"chunked\r\nTransfer-Encoding: gzip"),
        b"identity\r\nTransfer-Encoding: chunked",
    )
}
_NAMES: Final = {
    "a space after Transfer-Encoding": b"Transfer-Encoding : chunked",
    "Transfer_Encoding": b"Transfer_Encoding: chunked",
    "transfer-encoding": b"transfer-encoding:chunked",
    "a space after Content-Length": b"Content-Length : 5",
    "content-length": b"content-length:5",
    "a fold before the length": b"Content-Length:\r\n 5",
}
_CHUNKS: Final = {
    "a chunk extension": b"5;a=b\r\nhello\r\n0\r\n\r\n",
    "a chunk extension in quotes": b'5;a="b;\r c"\r\nhello\r\n0\r\n\r\n',
    "a long chunk extension": b"5;a=" + b"b" * 3000 + b"\r\nhello\r\n0\r\n\r\n",
    "a chunk extension of nothing": b"5;\r\nhello\r\n0\r\n\r\n",
    "a space after a chunk's size": b"5 \r\nhello\r\n0\r\n\r\n",
    "a tab after a chunk's size": b"5\t\r\nhello\r\n0\r\n\r\n",
    "a space before a chunk's size": b" 5\r\nhello\r\n0\r\n\r\n",
    "a chunk's size with zeros": b"0000005\r\nhello\r\n000\r\n\r\n",
    "a chunk's size of 30 digits": b"0" * 30 + b"5\r\nhello\r\n0\r\n\r\n",
    "a chunk's size in 0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk's size with a plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "a negative chunk": b"-5\r\nhello\r\n0\r\n\r\n",
    "a chunk's size of letters": b"zz\r\nhello\r\n0\r\n\r\n",
    "a chunk's size of nothing": b"\r\nhello\r\n0\r\n\r\n",
    "a chunk of 2^64": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "a chunk of 2^63": b"8000000000000000\r\nhello\r\n0\r\n\r\n",
    "a chunk that is too long": b"5\r\nhello, world\r\n0\r\n\r\n",
    "a chunk that is too short": b"9\r\nhello\r\n0\r\n\r\n",
    "no CRLF after a chunk": b"5\r\nhello0\r\n\r\n",
    "bare LF in chunks": b"5\nhello\n0\n\n",
    "bare LF after a chunk": b"5\r\nhello\n0\r\n\r\n",
    "bare CR after a chunk's size": b"5\rhello\r\n0\r\n\r\n",
    "no last chunk": b"5\r\nhello\r\n",
    "no end of the last chunk": b"5\r\nhello\r\n0\r\n",
    "no line of the last chunk": b"5\r\nhello\r\n0",
    "nothing where chunks are due": b"",
    "trailers": b"5\r\nhello\r\n0\r\nX-After: 1\r\nY: 2\r\n\r\n",
    "a trailer that frames": b"5\r\nhello\r\n0\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a trailer of nonsense": b"5\r\nhello\r\n0\r\nno colon\0\r\n\r\n",
    "a long trailer": b"5\r\nhello\r\n0\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    "many chunks": b"1\r\nx\r\n" * 500 + b"0\r\n\r\n",
    "a large chunk": b"ea60\r\n" + b"x" * 60_000 + b"\r\n0\r\n\r\n",
}
_BODIES: Final = (b"", b"ok", b"hello", b'{"ok":true}', b"\0\xff" * 20, b"x" * 1024, b"x" * 1025, b"x" * 5000)


def make_framed_body(draft: Draft) -> tuple[list[bytes], bytes]:
    """The fields that frame a body, and the body."""
    if draft.happens(0.35):
        return _make_chunked(draft)
    body = draft.pick(*_BODIES)
    if draft.happens(0.05):
        draft.note("a packed body")
        body = gzip.compress(body * 50, mtime=0)
    fields = _make_length(draft, len(body))
    match draft.pick("whole", "whole", "whole", "whole", "short", "none", "long"):
        case "short" if body:
            draft.note("a body that is too short")
            body = body[: draft.chance.randrange(len(body))]
        case "none" if body:
            draft.note("no body where one is due")
            body = b""
        case "long" if fields:
            draft.note("a body that is too long")
            body += draft.pick(b"\r\n", b"\n", b"x", b"extra", b"x" * 3000)
    return fields, body


def _make_length(draft: Draft, length: int) -> list[bytes]:
    if draft.happens(0.15):
        draft.note("no length")
        return []
    if draft.happens(0.1):
        draft.note("two framings")
        fields = [b"Content-Length: %d" % length, b"Transfer-Encoding: chunked"]
        return fields[:: draft.pick(1, -1)]
    if draft.happens(0.05):
        return [draft.pick_named(_NAMES)]
    if draft.happens(0.35):
        values = draft.pick_named(_LENGTHS)
        return [
            b"Content-Length: " + value.replace(b"%d", b"%d" % length).replace(b"%x", b"%x" % length)
            for value in values
        ]
    return [b"Content-Length: %d" % length]


def _make_chunked(draft: Draft) -> tuple[list[bytes], bytes]:
    coding, body = b"chunked", b"5\r\nhello\r\n1;\r\n!\r\n0\r\n\r\n"
    if draft.happens(0.4):
        coding = draft.pick_named(_CODINGS)
    if draft.happens(0.5):
        body = draft.pick_named(_CHUNKS)
    else:
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (b"hello", b"x" * 300)) + b"0" + CRLF * 2
    fields = [b"Transfer-Encoding: " + coding]
    if draft.happens(0.15):
        draft.note("two framings")
        fields.insert(draft.pick(0, 1), b"Content-Length: %d" % draft.pick(0, 5, len(body), 9999))
    return fields, body
