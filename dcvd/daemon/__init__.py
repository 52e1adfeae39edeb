"""The composition root: it builds all parts of the daemon, supervises them, and stops them in order."""

from dcvd.daemon.daemon import Daemon, DaemonFailed
from dcvd.daemon.run import run

__all__ = ["Daemon", "DaemonFailed", "run"]
