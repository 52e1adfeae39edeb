"""Read SQLite's write-ahead log without SQLite, to see what its recovery will leave out.

Recovery takes the frames of the log in their order, and ends before the first whose salt or checksum is not right; what
stands behind it is dropped without a word. So one damaged byte takes everything with it that was stored later. The
format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct

HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24
_LITTLE_ENDIAN: Final = 0x377F0682
_BIG_ENDIAN: Final = 0x377F0683
_FORMAT: Final = 3_007_000
_PAGE_SIZES: Final = tuple(1 << exponent for exponent in range(9, 17))
_MASK: Final = 0xFFFFFFFF

_Sums = tuple[int, int]


class LogReport(Struct, frozen=True, kw_only=True):
    """What is in a log.

    salt: of its frames, in hexadecimal; each new log has another one. is_header_sound: without a sound header SQLite
    ignores the log. recovered_frames: those that recovery takes, which end with a commit. lost_frames: those behind
    them that were written to the same log; lost_commits: how many of these are the last of a transaction.
    """

    salt: str
    is_header_sound: bool
    recovered_frames: int
    recovered_commits: int
    lost_frames: int
    lost_commits: int


class _Header(Struct, frozen=True):
    page_size: int
    salt: bytes
    words: str
    """The byte order of the words that are summed up, as `struct` has it."""
    sums: _Sums
    is_sound: bool


def read_log(path: Path) -> LogReport | None:
    """Read a log, a frame at a time; None where there is none, or one without a frame. Raises OSError."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except FileNotFoundError:
        return None


def _read(file: BinaryIO) -> LogReport | None:
    raw = file.read(HEADER_BYTES)
    if len(raw) < HEADER_BYTES:
        return None
    header = _read_header(raw) or _guess_header(file)
    recovered_frames = recovered_commits = 0
    if header.is_sound:
        for number, is_commit in enumerate(_follow_chain(file, header), 1):
            if is_commit:
                recovered_frames, recovered_commits = number, recovered_commits + 1
    lost = list(_list_later_commits(file, header, recovered_frames))
    return LogReport(
        salt=header.salt.hex(),
        is_header_sound=header.is_sound,
        recovered_frames=recovered_frames,
        recovered_commits=recovered_commits,
        lost_frames=len(lost),
        lost_commits=sum(lost),
    )


def _read_header(raw: bytes) -> _Header | None:
    """Return the header; None for one that SQLite does not take."""
    magic, version, page_size, _, _, _, first, second = struct.unpack(">8I", raw)
    words = ">" if magic & 1 else "<"
    sums = _sum_up(raw[:24], words, (0, 0))
    is_sound = (
        magic in (_LITTLE_ENDIAN, _BIG_ENDIAN)
        and version == _FORMAT
        and page_size in _PAGE_SIZES
        and sums == (first, second)
    )
    return _Header(page_size, raw[16:24], words, sums, is_sound) if is_sound else None


def _guess_header(file: BinaryIO) -> _Header:
    """Return what the frames say that the header has said: their salt, and how far they are apart."""
    salt = _read_salt(file, HEADER_BYTES)
    distances = (size for size in _PAGE_SIZES if _read_salt(file, HEADER_BYTES + FRAME_HEADER_BYTES + size) == salt)
    only_page = os.fstat(file.fileno()).st_size - HEADER_BYTES - FRAME_HEADER_BYTES
    return _Header(next(distances, max(only_page, 1)), salt, "<", (0, 0), is_sound=False)


def _read_salt(file: BinaryIO, frame: int) -> bytes:
    file.seek(frame + 8)
    return file.read(8)


def _follow_chain(file: BinaryIO, header: _Header) -> Iterator[bool]:
    """Yield for each frame that recovery reads whether it is a transaction's last."""
    sums = header.sums
    size = FRAME_HEADER_BYTES + header.page_size
    file.seek(HEADER_BYTES)
    while len(frame := file.read(size)) == size:
        page, database_size, salt, first, second = struct.unpack_from(">II8sII", frame)
        if not page or salt != header.salt:
            return
        sums = _sum_up(frame[:8], header.words, sums)
        sums = _sum_up(frame[FRAME_HEADER_BYTES:], header.words, sums)
        if sums != (first, second):
            return
        yield database_size != 0


def _list_later_commits(file: BinaryIO, header: _Header, first: int) -> Iterator[bool]:
    """Yield for each frame of this log, from that number on, whether it is a transaction's last; the first is 0."""
    size = FRAME_HEADER_BYTES + header.page_size
    file.seek(HEADER_BYTES + first * size)
    end = os.fstat(file.fileno()).st_size
    while file.tell() + size <= end:
        frame_header = file.read(FRAME_HEADER_BYTES)
        page, database_size, salt = struct.unpack_from(">II8s", frame_header)
        if page and salt == header.salt:
            yield database_size != 0
        file.seek(header.page_size, 1)


def _sum_up(raw: bytes, words: str, sums: _Sums) -> _Sums:
    first, second = sums
    values = iter(struct.unpack(f"{words}{len(raw) // 4}I", raw))
    for even, odd in zip(values, values, strict=True):
        first = (first + even + second) & _MASK
        second = (second + odd + first) & _MASK
    return first, second
