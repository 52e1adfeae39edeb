"""The services that handlers use."""

from typing import Protocol

import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry

from dcvd.api.http.admission_limits import StreamSlots, build_dns_plan_limit, build_sync_limit
from dcvd.config import Live
from dcvd.core.webhooks.conformance import ConformanceReport
from dcvd.core.webhooks.deliveries import Delivery, RecordedAttempt
from dcvd.dns import DnsObserver
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.limits.admission_limit import AdmissionLimit
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.setup import new_credential_limit
from dcvd.services.context import Context
from dcvd.services.diagnosis import Diagnoser
from dcvd.services.events.feed import EventFeed
from dcvd.services.lifecycle.cloudflare_notifications import CloudflareNotificationHandler
from dcvd.services.lifecycle.on_demand_checks import OnDemandChecks
from dcvd.services.tokens import TokenUsage


class OnDemandTester(Protocol):
    """Sends requests to an endpoint now, beside its deliveries. Its calls may be cancelled at any await.

    Both raise NotFound, Conflict when the endpoint's secrets cannot be read, Retryable when too many tests run.
    """

    async def send_test(self, org_id: str, endpoint_id: str) -> tuple[Delivery, RecordedAttempt]:
        """Send one `webhook.test`, and store it."""
        ...

    async def check_conformance(self, org_id: str, endpoint_id: str) -> ConformanceReport:
        """Report how the endpoint answers good, repeated, forged and stale deliveries."""
        ...


class AppServices(Struct, kw_only=True):
    """All services, built once with the application.

    `operators` are the uids that may use operator calls over the unix socket. `guarded_fetcher` calls addresses that
    tenants or their DNS named.
    """

    context: Context
    token_usage: TokenUsage
    checks: OnDemandChecks
    operators: Live[frozenset[int]]
    registry: CollectorRegistry
    feed: EventFeed
    hints: CloudflareNotificationHandler
    diagnoser: Diagnoser
    tester: OnDemandTester
    access: ProviderAccess
    guarded_fetcher: Fetcher
    observer: DnsObserver
    stream_slots: StreamSlots = msgspec.field(default_factory=StreamSlots)
    sync_limit: AdmissionLimit = msgspec.field(default_factory=build_sync_limit)
    dns_plan_limit: AdmissionLimit = msgspec.field(default_factory=build_dns_plan_limit)
    new_credential_limit: AdmissionLimit = msgspec.field(default_factory=new_credential_limit)
