"""What the handlers work with."""

from typing import Protocol

import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry

from dcvd.api.http.admission_limits import Streams, dns_plans, syncs
from dcvd.core.domains.domain import Domain
from dcvd.core.timeline import SYNC
from dcvd.core.webhooks.conformance import Report
from dcvd.core.webhooks.deliveries import Delivery
from dcvd.dns import DnsObserver
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.limits.admission_limit import Turnstile
from dcvd.oauth.tokens import TokenClient
from dcvd.providers.drivers import Drivers
from dcvd.services.connections.provider_access import Access
from dcvd.services.connections.setup import tries
from dcvd.services.context import Context
from dcvd.services.diagnosis import Diagnoser
from dcvd.services.events.feed import Feed
from dcvd.services.lifecycle.cloudflare_notifications import Hints
from dcvd.services.tokens import LastUse
from dcvd.store.webhooks.attempts import MadeAttempt


class Looker(Protocol):
    """Looks at a domain now, outside its turn."""

    async def look(self, domain: Domain, *, thorough: bool = False, actor: str = SYNC) -> Domain | None:
        """One fresh look at DNS and Cloudflare, stored; None when the domain was removed meanwhile.

        thorough: ask DNS everything, also where the record is right. actor: who wanted the look, see `core.timeline`.

        Raises Retryable when nothing could be seen. It may be cancelled at any await.
        """
        ...


class Prober(Protocol):
    """Tries an endpoint now, apart from what it is owed. Its calls may be cancelled at any await.

    Both raise NotFound, Conflict when the endpoint's secrets cannot be read, Retryable when too many tries are
    under way.
    """

    async def test(self, org_id: str, endpoint_id: str) -> tuple[Delivery, MadeAttempt]:
        """One `webhook.test`, sent and stored."""
        ...

    async def conformance(self, org_id: str, endpoint_id: str) -> Report:
        """What the endpoint makes of good, repeated, forged and stale deliveries."""
        ...


class Parts(Struct, kw_only=True):
    """Made once with the application. `operators` are uids; they are replaced when the configuration is reloaded.

    `fetcher` calls addresses that the operator configured, `guarded` those that a tenant or his DNS named.
    """

    context: Context
    last_use: LastUse
    looker: Looker
    operators: frozenset[int]
    registry: CollectorRegistry
    feed: Feed
    hints: Hints
    diagnoser: Diagnoser
    prober: Prober
    access: Access
    drivers: Drivers
    token_client: TokenClient
    fetcher: Fetcher
    guarded: Fetcher
    observer: DnsObserver
    streams: Streams = msgspec.field(default_factory=Streams)
    syncs: Turnstile = msgspec.field(default_factory=syncs)
    dns_plans: Turnstile = msgspec.field(default_factory=dns_plans)
    tries: Turnstile = msgspec.field(default_factory=tries)
