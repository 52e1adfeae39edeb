"""Speak systemd's readiness protocol: one datagram for each change of state. Source: sd_notify(3)."""

import os
import socket
import time
from collections.abc import Mapping
from typing import Final

import structlog

log = structlog.get_logger(__name__)

_SEND_TIMEOUT_S: Final = 1.0  # seconds; a datagram blocks only while the manager's queue is full


class Notifier:
    """Reports our state to the service manager; without a manager every call does nothing."""

    def __init__(self, address: str | None = None, *, watchdog_interval_s: float | None = None) -> None:
        self._address = address
        self.watchdog_interval_s = (
            watchdog_interval_s  # seconds between two `notify_watchdog()` calls; None: no watchdog
        )

    @property
    def has_manager(self) -> bool:
        """Whether a service manager listens."""
        return self._address is not None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Notifier":
        """Create a notifier from NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID."""
        address = environ.get("NOTIFY_SOCKET")
        if not address or address[0] not in "/@":
            return cls()
        return cls(address, watchdog_interval_s=_read_watchdog_interval_s(environ))

    def notify_ready(self) -> None:
        """Report that the start or a reload is complete."""
        self._send("READY=1")

    def notify_status(self, text: str) -> None:
        """Send one line for `systemctl status`."""
        self._send("STATUS=" + " ".join(text.split()))

    def extend_start(self, seconds: float) -> None:
        """Ask for more time to start: until READY=1, or another of these calls within so many seconds."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}")

    def notify_stopping(self) -> None:
        """Report that the service is stopping."""
        self._send("STOPPING=1")

    def notify_reloading(self) -> None:
        """Report that a reload begins; `notify_ready()` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def notify_watchdog(self) -> None:
        """Report to the watchdog that the service is alive."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        # An address that begins with "@" is in the abstract namespace, which the kernel marks by a NUL.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_SEND_TIMEOUT_S)
                sender.connect(address)
                sender.sendall(message.encode())
        except OSError as error:
            log.warning("notify.failed", message=message.partition("\n")[0], reason=str(error))


def _read_watchdog_interval_s(environ: Mapping[str, str]) -> float | None:
    """Return half of the manager's watchdog timeout, in seconds; None when it does not watch this process."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    if not (microseconds.isascii() and microseconds.isdigit()) or int(microseconds) == 0:
        return None
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 2 / 1_000_000
