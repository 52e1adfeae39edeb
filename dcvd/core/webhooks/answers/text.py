"""The text of an answer's body, of which only the beginning was kept, cut off anywhere."""

import zlib
from typing import Final

_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_MAX_UNPACKED_BYTES: Final = 4096


def read_text(body: bytes) -> str:
    """Return a body as text, to explain it. Some servers pack it although the request asks for none of that."""
    if body.startswith(_GZIP_MAGIC):
        try:
            body = zlib.decompressobj(_GZIP_WINDOW).decompress(body, _MAX_UNPACKED_BYTES)
        except zlib.error:
            return ""
    return body.decode(errors="replace").removeprefix("\ufeff")
