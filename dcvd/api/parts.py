"""What the handlers work with."""

from typing import Protocol

from msgspec import Struct
from prometheus_client import CollectorRegistry

from dcvd.core.domain import Domain
from dcvd.services.context import Context
from dcvd.services.tokens import LastUse


class Looker(Protocol):
    """Looks at a domain now, outside its turn."""

    async def look(self, domain: Domain) -> Domain | None:
        """One fresh look at DNS and Cloudflare, stored; None when the domain was removed meanwhile.

        Raises Retryable when nothing could be seen. It may be cancelled at any await.
        """
        ...


class Parts(Struct, kw_only=True):
    """Made once with the application. `operators` are uids; they are replaced when the configuration is reloaded."""

    context: Context
    last_use: LastUse
    looker: Looker
    operators: frozenset[int]
    registry: CollectorRegistry
