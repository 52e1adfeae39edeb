"""The services that handlers use."""

import secrets
from collections.abc import Callable
from functools import partial

import msgspec
from msgspec import Struct

from dcvd.config import Live
from dcvd.core.http.exchanges import OwnFault
from dcvd.core.operators import OperatorRights
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.http.arrival_probes import ArrivalProbes
from dcvd.http.limits.admission_limits import (
    StreamSlots,
    build_check_limit,
    build_download_limit,
    build_sign_in_limit,
)
from dcvd.http.limits.failed_authentications import FailedAuthentications
from dcvd.http.limits.live_streams import LiveStreams
from dcvd.http.limits.open_requests import OpenRequests
from dcvd.http.limits.rate_limits import RateLimiter
from dcvd.kit.limits.admission_limit import AdmissionLimit
from dcvd.metrics import Metrics
from dcvd.metrics.exposition import Exposition
from dcvd.oauth.openid import OpenIdClient
from dcvd.providers.domain_connect.discovery import DomainConnectDiscovery
from dcvd.services.configuration import RunningConfiguration
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.setup import CredentialTrials
from dcvd.services.context import Context
from dcvd.services.diagnosis import Diagnoser
from dcvd.services.domains.cloudflare_import import HostnameImporter
from dcvd.services.domains.kept_json import KeptDomains
from dcvd.services.domains.shared_additions import SharedAdditions
from dcvd.services.events.feed import EventFeed
from dcvd.services.lifecycle.cloudflare_notifications import CloudflareNotificationHandler
from dcvd.services.lifecycle.on_demand_checks import OnDemandChecks
from dcvd.services.lifecycle.queue_positions import QueuePositions
from dcvd.services.logos import LogoFetcher
from dcvd.services.readiness import Readiness
from dcvd.services.system.overview import OverviewReader
from dcvd.services.tokens.authentication import KeptCallers
from dcvd.services.tokens.usage import TokenUsage
from dcvd.services.watching import Watchers
from dcvd.services.webhooks.endpoint_tests import EndpointTester
from dcvd.services.zones.checks import ZoneChecker


class AppServices(Struct, kw_only=True):
    """All services, built once with the application.

    operators: who may use operator calls over the unix socket.
    find_own_fault: returns the fault of our own by which deliveries to an endpoint wait, if there is one.
    instance: what tells this process from others, to whoever asks two addresses.
    """

    context: Context
    cloudflare: CloudflareClient
    callers: KeptCallers
    kept_domains: KeptDomains
    queue_positions: QueuePositions
    token_usage: TokenUsage
    open_requests: OpenRequests
    rate_limiter: RateLimiter
    failed_authentications: FailedAuthentications
    checks: OnDemandChecks
    operators: Live[OperatorRights]
    configuration: RunningConfiguration
    metrics: Metrics
    exposition: Exposition
    readiness: Readiness
    overview: OverviewReader
    feed: EventFeed
    watchers: Watchers
    hints: CloudflareNotificationHandler
    diagnoser: Diagnoser
    tester: EndpointTester
    find_own_fault: Callable[[str], OwnFault | None]
    access: ProviderAccess
    discovery: DomainConnectDiscovery
    observer: DnsObserver
    logos: LogoFetcher
    zones: ZoneChecker
    importer: HostnameImporter
    openid: OpenIdClient
    instance: str = msgspec.field(default_factory=partial(secrets.token_hex, 8))
    probes: ArrivalProbes = msgspec.field(default_factory=ArrivalProbes)
    keys_in_progress: set[tuple[str, str]] = msgspec.field(default_factory=set)
    shared_additions: SharedAdditions = msgspec.field(default_factory=SharedAdditions)
    live_streams: LiveStreams = msgspec.field(default_factory=LiveStreams)
    stream_slots: StreamSlots = msgspec.field(default_factory=StreamSlots)
    sync_limit: AdmissionLimit = msgspec.field(default_factory=partial(build_check_limit, "work_syncs"))
    sign_in_limit: AdmissionLimit = msgspec.field(default_factory=build_sign_in_limit)
    dns_plan_limit: AdmissionLimit = msgspec.field(default_factory=partial(build_check_limit, "work_plans"))
    download_limit: AdmissionLimit = msgspec.field(default_factory=build_download_limit)
    credential_trials: CredentialTrials = msgspec.field(default_factory=CredentialTrials)
