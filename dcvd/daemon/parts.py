"""The parts that requests and tasks use: built together, so that a command can use them without a daemon."""

from functools import partial

from msgspec import Struct

from dcvd.alerts import AlertLoop, Heartbeat
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.edge_probe import EdgeProber
from dcvd.daemon.metrics import PartsOfMetrics, build_exposition
from dcvd.daemon.outage_recovery import OutageRecovery
from dcvd.daemon.readiness import build_readiness
from dcvd.daemon.storage import TeardownStep
from dcvd.daemon.vital_signs import list_vital_signs
from dcvd.delivery import DeliveryPool, EndpointTestRunner
from dcvd.dns import DnsObserver
from dcvd.http.app_services import AppServices
from dcvd.http.limits.failed_authentications import FailedAuthentications
from dcvd.http.limits.open_requests import OpenRequests
from dcvd.http.limits.rate_limits import RateLimiter
from dcvd.janitor import ClockWatch, StoreWatch
from dcvd.jobs import JobWorker
from dcvd.kit.disciplined_clock import DisciplinedClock
from dcvd.kit.egress.client import EgressClient
from dcvd.kit.egress.control import ControlServer
from dcvd.kit.egress.guard import EVERYWHERE, allow_networks
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.kit.tls.trust import TrustStore
from dcvd.metrics import Metrics
from dcvd.oauth.openid import OpenIdClient
from dcvd.oauth.tokens import TokenClient
from dcvd.providers.domain_connect.discovery import DomainConnectDiscovery
from dcvd.providers.drivers import DriverFactory
from dcvd.services.configuration import RunningConfiguration
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.diagnosis import Diagnoser
from dcvd.services.domains.cloudflare_import import HostnameImporter
from dcvd.services.domains.kept_json import KeptDomains
from dcvd.services.events.feed import EventFeed
from dcvd.services.lifecycle.cloudflare_notifications import CloudflareNotificationHandler
from dcvd.services.lifecycle.on_demand_checks import OnDemandChecks
from dcvd.services.lifecycle.queue_positions import QueuePositions
from dcvd.services.logos import LogoFetcher
from dcvd.services.operator_rights import find_operator_rights
from dcvd.services.system.growth import DatabaseGrowth
from dcvd.services.system.overview import DaemonSources, OverviewReader
from dcvd.services.tokens.authentication import KeptCallers
from dcvd.services.tokens.usage import TokenUsage
from dcvd.services.trust_stores import load_trust_stores
from dcvd.services.watching import Watchers
from dcvd.services.webhooks.outgoing_proxy import build_proxy
from dcvd.services.zones.checks import ZoneChecker
from dcvd.sync.adaptive_rate import AdaptiveRate
from dcvd.sync.checker import DomainChecker
from dcvd.sync.loop import SyncLoop
from dcvd.sync.saas_zone_loop import SaasZoneLoop


class Parts(Struct, frozen=True, kw_only=True):
    """What requests and tasks use; the tasks are whoever owns these parts to start, and to stop."""

    services: AppServices
    delivery: DeliveryPool
    sync: SyncLoop
    saas_zone: SaasZoneLoop
    zone_checker: ZoneChecker
    jobs: JobWorker
    alerts: AlertLoop
    heartbeat: Heartbeat
    clock_watch: ClockWatch
    recovery: OutageRecovery
    store_watch: StoreWatch
    growth: DatabaseGrowth


async def build_parts(
    context: Context,
    configuration: RunningConfiguration,
    clock: DisciplinedClock,
    metrics: Metrics,
    teardown_steps: list[TeardownStep],
) -> Parts:
    """Build the parts, the lower ones first; none begins to work by itself. Raises DcvdError.

    What has to be closed again is appended to `teardown_steps` as soon as it is open.
    """
    config, live_config = context.config, context.live_config
    recovery = OutageRecovery(context)
    store_watch = StoreWatch(context)
    trust_stores = live_config.derive(load_trust_stores)

    def get_trust() -> TrustStore:
        return trust_stores.value.system

    def get_webhook_trust() -> TrustStore:
        return trust_stores.value.webhooks

    cloudflare = CloudflareClient(
        live_config,
        metrics,
        saas_zone=context.saas_zone,
        on_recovered=recovery.announce,
        on_fault_ended=recovery.announce_end,
        get_trust=get_trust,
        clock=clock,
        on_date=clock.hear_date,
    )
    await cloudflare.start()
    teardown_steps.append(cloudflare.close)
    observer = DnsObserver(config)
    policy = allow_networks(config.providers.allow_private)
    fetcher, guarded_fetcher = Fetcher(get_trust=get_trust), GuardedFetcher(policy, get_trust=get_trust)
    await fetcher.start()
    teardown_steps.append(fetcher.close)
    await guarded_fetcher.start()
    teardown_steps.append(guarded_fetcher.close)
    drivers = DriverFactory(live_config, fetcher, policy, observer, clock)
    token_client = TokenClient(fetcher, live_config)
    access = ProviderAccess(context, drivers, token_client, metrics)
    teardown_steps.append(access.close)
    prober = EdgeProber(live_config, observer.zones, metrics, get_trust, clock)
    checker = DomainChecker(context, cloudflare, observer, metrics, prober)
    token_usage = TokenUsage()
    teardown_steps.append(lambda: token_usage.store(context))
    proxy = build_proxy(config, get_webhook_trust)
    build_control = partial(
        ControlServer,
        lambda: live_config.value.cloudflare.base_url,
        get_trust=get_trust,
        clock=clock,
        on_date=clock.hear_date,
    )
    control = build_control(proxy=proxy)
    # The time is asked for by the way of Cloudflare's API, and not by that of webhooks.
    clock_watch = ClockWatch(context, clock, build_control(), metrics)
    delivery = DeliveryPool(context, metrics, control, get_webhook_trust, proxy)
    await delivery.start()
    teardown_steps.append(delivery.close)
    tester = EndpointTestRunner(context, delivery, control, get_webhook_trust, proxy)
    await tester.start()
    teardown_steps.append(tester.close)
    sync = SyncLoop(context, checker, cloudflare, rate=AdaptiveRate(count_calls=lambda: metrics.request_count))
    saas_zone = SaasZoneLoop(context, cloudflare, observer.zones)
    zone_checker = ZoneChecker(context, observer.zones)
    jobs = JobWorker(context, cloudflare, access, metrics)
    alerts = AlertLoop(context, metrics)
    # Its URL is the operator's own: it may lead anywhere, by the same way as webhooks.
    heartbeat_egress = EgressClient(EVERYWHERE, max_connections=1, get_trust=get_webhook_trust, proxy=proxy)
    await heartbeat_egress.start()
    teardown_steps.append(heartbeat_egress.close)
    heartbeat = Heartbeat(
        context,
        metrics,
        heartbeat_egress,
        list_vital_signs(context, delivery, sync),
        wait_until_known=saas_zone.checked_event.wait,
    )
    readiness = build_readiness(context, clock, observer, delivery, alerts, heartbeat)
    teardown_steps.append(readiness.close)
    growth = DatabaseGrowth()
    sources = DaemonSources(
        report_budget=cloudflare.budget.report, report_clock=clock.report, is_channel_failing=alerts.is_failing
    )
    open_requests = OpenRequests(context)
    exposition = build_exposition(
        metrics,
        PartsOfMetrics(
            context=context,
            clock=clock,
            cloudflare=cloudflare,
            saas_zone=saas_zone,
            open_requests=open_requests,
            readiness=readiness,
            job_kinds=jobs.kinds,
        ),
    )
    teardown_steps.append(exposition.close)
    services = AppServices(
        context=context,
        cloudflare=cloudflare,
        callers=KeptCallers(context),
        kept_domains=KeptDomains(context),
        queue_positions=QueuePositions(context),
        token_usage=token_usage,
        open_requests=open_requests,
        rate_limiter=RateLimiter(context),
        failed_authentications=FailedAuthentications(context),
        checks=OnDemandChecks(context, checker),
        operators=live_config.derive(lambda config: find_operator_rights(config.server)),
        configuration=configuration,
        metrics=metrics,
        readiness=readiness,
        overview=OverviewReader(context, readiness, sources, growth),
        exposition=exposition,
        feed=EventFeed(context),
        watchers=Watchers(context),
        hints=CloudflareNotificationHandler(context, metrics),
        diagnoser=Diagnoser(context, observer),
        tester=tester,
        find_own_fault=delivery.find_own_fault,
        access=access,
        discovery=DomainConnectDiscovery(observer.zones, guarded_fetcher),
        observer=observer,
        logos=LogoFetcher(guarded_fetcher),
        zones=zone_checker,
        importer=HostnameImporter(cloudflare),
        openid=OpenIdClient(fetcher, live_config),
    )
    return Parts(
        services=services,
        delivery=delivery,
        sync=sync,
        saas_zone=saas_zone,
        zone_checker=zone_checker,
        jobs=jobs,
        alerts=alerts,
        heartbeat=heartbeat,
        clock_watch=clock_watch,
        recovery=recovery,
        store_watch=store_watch,
        growth=growth,
    )
