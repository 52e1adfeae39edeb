"""Images by their first bytes: what they are and how large, without decoding them."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_START_OF_FRAME: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_MAX_JPEG_STEPS: Final = 1000
"""Segments and bytes that fill before an image's size; a file of nothing else would take long to read."""
_JPEG_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})


class ImageFormat(Struct, frozen=True):
    """The type of an image, and its width and height in pixels."""

    media_type: str
    width: int
    height: int


def read_image_format(content: bytes) -> ImageFormat | None:
    """Read the format of a PNG, JPEG, WebP or GIF; None for anything else. SVG is none: it can hold scripts."""
    if content.startswith(_PNG) and content[12:16] == b"IHDR" and len(content) >= 24:
        return ImageFormat("image/png", _big(content, 16, 4), _big(content, 20, 4))
    if content[:6] in (b"GIF87a", b"GIF89a") and len(content) >= 10:
        return ImageFormat("image/gif", _little(content, 6, 2), _little(content, 8, 2))
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) >= 30:
        return _read_webp(content)
    if content.startswith(b"\xff\xd8"):
        return _read_jpeg(content)
    return None


def _read_webp(content: bytes) -> ImageFormat | None:
    match content[12:16]:
        case b"VP8 ":
            width, height = _little(content, 26, 2) & 0x3FFF, _little(content, 28, 2) & 0x3FFF
        case b"VP8L":
            bits = _little(content, 21, 4)
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            width, height = _little(content, 24, 3) + 1, _little(content, 27, 3) + 1
        case _:
            return None
    return ImageFormat("image/webp", width, height)


def _read_jpeg(content: bytes) -> ImageFormat | None:
    for marker, position in _list_jpeg_segments(content):
        if marker in _JPEG_START_OF_FRAME and position + 9 <= len(content):
            return ImageFormat("image/jpeg", _big(content, position + 7, 2), _big(content, position + 5, 2))
    return None


def _list_jpeg_segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield the marker of each segment with its position, as far as they follow each other."""
    position = 2
    for _ in range(_MAX_JPEG_STEPS):
        if position + 4 > len(content) or content[position] != 0xFF:
            return
        marker = content[position + 1]
        if marker == 0xFF:  # a byte that fills
            position += 1
            continue
        yield marker, position
        position += 2 if marker in _JPEG_WITHOUT_LENGTH else 2 + max(_big(content, position + 2, 2), 2)


def _big(content: bytes, start: int, length: int) -> int:
    return int.from_bytes(content[start : start + length], "big")


def _little(content: bytes, start: int, length: int) -> int:
    return int.from_bytes(content[start : start + length], "little")
