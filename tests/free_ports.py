"""Ports for programs that cannot be told to take any: none that the kernel may give to somebody else in between."""

import errno
import itertools
import os
import socket
from pathlib import Path

_FIRST = 10_000
_KERNELS_FIRST = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
_SIZE = max(_KERNELS_FIRST, 32_768) - _FIRST
# Where another process of the tests looks as well, it begins elsewhere.
_candidates = itertools.count(os.getpid() * 97)


def find_free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody has for TCP or UDP, and that this process gives to no other test."""
    for _ in range(_SIZE):
        port = _FIRST + next(_candidates) % _SIZE
        if _is_free(host, port, socket.SOCK_STREAM) and _is_free(host, port, socket.SOCK_DGRAM):
            return port
    raise AssertionError(f"no port of {host} is free")


def _is_free(host: str, port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(type=kind) as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True
