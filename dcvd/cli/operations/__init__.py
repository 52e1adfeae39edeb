"""The operator's operations on organizations, tokens and domains, whether or not the daemon runs."""

from dcvd.cli.operations.choice import ask_daemon, open_daemon_operations, perform, perform_at_daemon
from dcvd.cli.operations.operations import Operations, find_organization

__all__ = ["Operations", "ask_daemon", "find_organization", "open_daemon_operations", "perform", "perform_at_daemon"]
