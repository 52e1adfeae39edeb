"""The keys of a terminal, as they are pressed, and what they ask for."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Final

_READ_BYTES: Final = 64


class Request(Enum):
    """What a key asks for."""

    QUIT = auto()
    REFRESH = auto()
    UP = auto()
    DOWN = auto()
    PAGE_UP = auto()
    PAGE_DOWN = auto()
    TOP = auto()
    BOTTOM = auto()


_KEYS: Final = {
    b"\x1b[A": Request.UP,
    b"\x1bOA": Request.UP,
    b"k": Request.UP,
    b"\x1b[B": Request.DOWN,
    b"\x1bOB": Request.DOWN,
    b"j": Request.DOWN,
    b"\x1b[5~": Request.PAGE_UP,
    b"\x1b[6~": Request.PAGE_DOWN,
    b" ": Request.PAGE_DOWN,
    b"\x1b[H": Request.TOP,
    b"\x1bOH": Request.TOP,
    b"g": Request.TOP,
    b"\x1b[F": Request.BOTTOM,
    b"\x1bOF": Request.BOTTOM,
    b"G": Request.BOTTOM,
    b"r": Request.REFRESH,
    b"q": Request.QUIT,
    b"Q": Request.QUIT,
    b"\x04": Request.QUIT,
}
"""By the bytes that terminals send, longest first where one begins another."""


def read_requests(pressed: bytes) -> list[Request]:
    """Return what the keys ask for, in their order; keys that ask for nothing are passed over."""
    requests: list[Request] = []
    while pressed:
        key = next((key for key in _KEYS if pressed.startswith(key)), None)
        if key is None:
            pressed = pressed[1:]
            continue
        requests.append(_KEYS[key])
        pressed = pressed[len(key) :]
    return requests


@contextmanager
def listening(on_request: Callable[[Request], None], on_end: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Listen to the keys as they are pressed, without showing them, where standard input is a terminal.

    Yields what sets the terminal up again, after a shell has stopped and continued the process. on_end: called where
    the terminal is gone.
    """
    if not sys.stdin.isatty():
        yield lambda: None
        return
    descriptor, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(descriptor)

    def read() -> None:
        try:
            pressed = os.read(descriptor, _READ_BYTES)
        except OSError:
            pressed = b""
        if not pressed:
            loop.remove_reader(descriptor)
            on_end()
        for request in read_requests(pressed):
            on_request(request)

    def set_up() -> None:
        # Interrupts stay what they are: Ctrl-C ends the command, Ctrl-Z stops it.
        tty.setcbreak(descriptor, termios.TCSANOW)

    set_up()
    loop.add_reader(descriptor, read)
    try:
        yield set_up
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
