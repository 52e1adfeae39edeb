"""Looking at domains: when their turn comes, and when somebody asks."""

from dcvd.sync.checker import DomainChecker
from dcvd.sync.loop import SyncLoop

__all__ = ["DomainChecker", "SyncLoop"]
