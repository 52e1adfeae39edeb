"""What an image is, by its first bytes."""

import struct

import pytest

from dcvd.core.branding.images import ImageFormat, read_image_format

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480) + b"\x08\x06\x00\x00\x00"
GIF = b"GIF89a" + struct.pack("<HH", 640, 480) + b"\x00\x00\x00"
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(9) + b"\xff\xff\xfe\x00\x04\xff\xc0"
    b"\xff\xc2\x00\x11\x08" + struct.pack(">HH", 480, 640) + b"\x03"
)
WEBP_LOSSY = b"RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00\x00\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", 640, 480)
WEBP_LOSSLESS = b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f" + struct.pack("<I", 639 | 479 << 14) + bytes(8)
WEBP_EXTENDED = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00\x7f\x02\x00\xdf\x01\x00"
IMAGES = {
    "image/png": (PNG,),
    "image/gif": (GIF,),
    "image/jpeg": (JPEG,),
    "image/webp": (WEBP_LOSSY, WEBP_LOSSLESS, WEBP_EXTENDED),
}


@pytest.mark.parametrize(("media_type", "content"), [(name, each) for name, all_ in IMAGES.items() for each in all_])
def test_the_type_and_the_size_are_read_from_the_head(media_type: str, content: bytes) -> None:
    assert read_image_format(content) == ImageFormat(media_type, 640, 480)


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<!doctype html>", b"BM" + bytes(60), b"\xff\xd8\xff",
     b"\xff\xd8\xff\xe0\xff\xff", b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(40),
     b"RIFF\x00\x00\x00\x00WEBPXXXX" + bytes(40)],
)  # fmt: skip
def test_anything_else_is_no_image(content: bytes) -> None:
    assert read_image_format(content) is None


@pytest.mark.parametrize("content", [each for all_ in IMAGES.values() for each in all_])
def test_what_is_cut_off_anywhere_is_read_or_is_none_and_never_fails(content: bytes) -> None:
    for length in range(len(content)):
        found = read_image_format(content[:length])
        assert found is None or (found.width, found.height) == (640, 480)


def test_the_size_of_a_jpeg_is_not_searched_for_without_an_end() -> None:
    padded, endless = (JPEG[:2] + b"\xff" * count + JPEG[2:] for count in (100, 2000))
    assert read_image_format(padded) == read_image_format(JPEG)
    assert read_image_format(endless) is None
