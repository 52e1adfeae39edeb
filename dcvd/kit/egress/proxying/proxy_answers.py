"""Read a proxy's answer to CONNECT (RFC 9110, section 9.3.6), and judge who is to blame where it refuses."""

import re
from typing import Final

from msgspec import Struct

MAX_ANSWER_BYTES: Final = 16 << 10
"""Bytes of a proxy's answer, interim ones included; what its receiver sends through the tunnel does not count."""
_BEGINNING: Final = b"HTTP/1."
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")


class ProxyFault(OSError):
    """The proxy cannot be used, whatever the receiver does. The message is a clause that names the proxy."""


class TargetNotReached(OSError):
    """The proxy says that it failed to reach the receiver, or failed by itself: only another target tells which."""


class ConnectAnswer(Struct, frozen=True):
    """The final answer to CONNECT. `rest`: what came behind its head, which is the receiver's."""

    status: int
    rest: bytes


def read_connect_answer(received: bytes) -> ConnectAnswer | None:
    """Read what has been received so far; None where more is needed. Raises ProxyFault for what is no answer."""
    rest = received
    while True:
        length = len(received) - len(rest)
        if rest[: len(_BEGINNING)] != _BEGINNING[: len(rest)]:
            raise ProxyFault("it answered something that is not HTTP/1")
        end = _HEAD_END.search(rest)
        if length + (end.end() if end is not None else len(rest)) > MAX_ANSWER_BYTES:
            raise ProxyFault(f"the head of its answer is longer than {MAX_ANSWER_BYTES >> 10} KiB")
        if end is None:
            return None
        status_line = _STATUS_LINE.match(rest)
        if status_line is None or status_line[1] == b"101":
            raise ProxyFault("it answered something that is not HTTP/1")
        status, rest = int(status_line[1]), rest[end.end() :]
        if status >= 200:
            return ConnectAnswer(status, rest)


def judge_connect_status(status: int) -> OSError | None:
    """Return why there is no tunnel; None where there is one.

    Proxies disagree on what they answer where a receiver cannot be reached: 502, 503 and 504, and some 500.
    """
    if 200 <= status < 300:
        return None
    if status >= 500:
        return TargetNotReached(f"the proxy on the way answered {status}")
    return ProxyFault(f"it answered {status} to CONNECT")
