"""The services that handlers use."""

from functools import partial

import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry

from dcvd.api.http.limits.admission_limits import StreamSlots, build_check_limit
from dcvd.api.http.limits.failed_authentications import FailedAuthentications
from dcvd.api.http.limits.open_requests import OpenRequests
from dcvd.api.http.limits.rate_limits import RateLimiter
from dcvd.config import Live
from dcvd.core.operators import OperatorRights
from dcvd.dns import DnsObserver
from dcvd.kit.limits.admission_limit import AdmissionLimit
from dcvd.providers.domain_connect.discovery import DomainConnectDiscovery
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.setup import CredentialTrials
from dcvd.services.context import Context
from dcvd.services.diagnosis import Diagnoser
from dcvd.services.events.feed import EventFeed
from dcvd.services.lifecycle.cloudflare_notifications import CloudflareNotificationHandler
from dcvd.services.lifecycle.on_demand_checks import OnDemandChecks
from dcvd.services.logos import LogoFetcher
from dcvd.services.readiness import Readiness
from dcvd.services.tokens.usage import TokenUsage
from dcvd.services.webhooks.endpoint_tests import EndpointTester
from dcvd.services.zones.checks import ZoneChecker


class AppServices(Struct, kw_only=True):
    """All services, built once with the application.

    operators: who may use operator calls over the unix socket.
    """

    context: Context
    token_usage: TokenUsage
    open_requests: OpenRequests
    rate_limiter: RateLimiter
    failed_authentications: FailedAuthentications
    checks: OnDemandChecks
    operators: Live[OperatorRights]
    registry: CollectorRegistry
    readiness: Readiness
    feed: EventFeed
    hints: CloudflareNotificationHandler
    diagnoser: Diagnoser
    tester: EndpointTester
    access: ProviderAccess
    discovery: DomainConnectDiscovery
    observer: DnsObserver
    logos: LogoFetcher
    zones: ZoneChecker
    keys_in_progress: set[tuple[str, str]] = msgspec.field(default_factory=set)
    stream_slots: StreamSlots = msgspec.field(default_factory=StreamSlots)
    sync_limit: AdmissionLimit = msgspec.field(default_factory=partial(build_check_limit, "syncs"))
    dns_plan_limit: AdmissionLimit = msgspec.field(default_factory=partial(build_check_limit, "plans of DNS records"))
    credential_trials: CredentialTrials = msgspec.field(default_factory=CredentialTrials)
