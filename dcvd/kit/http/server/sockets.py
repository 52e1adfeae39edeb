"""Bind the listening sockets, before anything else starts, so that an address in use is known at once."""

import errno
import os
import socket
import stat
from pathlib import Path
from typing import Final

from dcvd.errors import DcvdError

BACKLOG: Final = 1024
_PROBE_TIMEOUT_S: Final = 1.0  # seconds to find out whether a process listens at a socket file


def bind_tcp(address: str) -> socket.socket:
    """Listen at `host:port` or `[v6]:port` (port 0: any free port), non-blocking.

    Raises DcvdError with code "listen_failed".
    """
    host, port = _parse_address(address)
    try:
        # The explicit protocol matters: asyncio sets TCP_NODELAY only on sockets created with IPPROTO_TCP.
        candidates = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise _build_listen_error(f"The listen address {address} cannot be resolved: {error.strerror}.") from error
    family, socket_type, protocol, _, socket_address = candidates[0]
    listener = socket.socket(family, socket_type, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "[::]" means only IPv6 on every machine, so that 0.0.0.0 on the same port can be configured beside it.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(socket_address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _build_listen_error(f"Cannot listen on {address}: {error.strerror}.{_suggest_remedy(error)}") from error
    listener.setblocking(False)
    return listener


def bind_unix(path: Path, mode: int = 0o660) -> socket.socket:
    """Listen at a socket file with exactly these permissions, non-blocking; a stale socket file is replaced.

    It changes the umask of the whole process: call it before any thread creates files. Raises DcvdError with code
    "listen_failed" when another process listens there, and when the path holds anything other than a socket.
    """
    _remove_stale_socket(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    previous_umask = os.umask(0o777 & ~mode)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        # The error "AF_UNIX path too long" has no errno.
        raise _build_listen_error(
            f"Cannot create the socket {path}: {error.strerror or error}.{_suggest_remedy(error)}"
        ) from error
    finally:
        os.umask(previous_umask)
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def _parse_address(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if is_bracketed:
        host = host[1:-1]
    is_well_formed = colon and host and port.isascii() and port.isdigit() and int(port) <= 65_535
    if not is_well_formed or (":" in host) != is_bracketed:
        raise _build_listen_error(f"{address!r} is no listen address: write 127.0.0.1:8080 or [::1]:8080.")
    return host, int(port)


def _remove_stale_socket(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _build_listen_error(f"The socket path {path} cannot be looked at: {error.strerror}.") from error
    if not stat.S_ISSOCK(status.st_mode):
        raise _build_listen_error(f"{path} exists and is no socket: remove it, or configure another path.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_TIMEOUT_S)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            pass  # nobody listens: a killed process left the file
        except TimeoutError as error:
            raise _build_listen_error(
                f"Another process listens at {path} and is too busy to answer: stop it first."
            ) from error
        except OSError as error:
            raise _build_listen_error(f"The socket {path} cannot be examined: {error.strerror}.") from error
        else:
            raise _build_listen_error(f"Another process listens at {path}: stop it first, or configure another path.")
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _build_listen_error(f"The stale socket {path} cannot be removed: {error.strerror}.") from error


def _suggest_remedy(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return " Another process has it: stop that one, or configure another address."
    if error.errno == errno.EADDRNOTAVAIL:
        return " No interface of this machine has that address."
    if error.errno == errno.EACCES:
        return " This user may not: choose a port above 1023 or a directory it can write."
    return ""


def _build_listen_error(message: str) -> DcvdError:
    return DcvdError(message, code="listen_failed")
