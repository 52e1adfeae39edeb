"""Check domains: when they are due, and when somebody requests it."""

from dcvd.sync.checker import DomainChecker
from dcvd.sync.loop import SyncLoop

__all__ = ["DomainChecker", "SyncLoop"]
