"""The daemon as one object, which can be started, awaited, reloaded and stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

import structlog

from dcvd.api.app import Api
from dcvd.api.http.app_services import AppServices
from dcvd.api.http.limits.failed_authentications import FailedAuthentications
from dcvd.api.http.limits.open_requests import OpenRequests
from dcvd.api.http.limits.rate_limits import RateLimiter
from dcvd.api.operators.metrics_app import MetricsApp
from dcvd.config import ConfigChanges, Live, LoadedConfig, list_changes, merge_reloadable
from dcvd.core.audit import AuditAction
from dcvd.core.instants import to_seconds
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.edge_probe import EdgeProber
from dcvd.daemon.connection_limits import METRICS_CONNECTIONS, derive_connection_limits
from dcvd.daemon.listeners import ApiListeners
from dcvd.daemon.operator_rights import find_operator_rights
from dcvd.daemon.outage_recovery import OutageRecovery
from dcvd.daemon.readiness import build_readiness
from dcvd.daemon.vault import open_vault
from dcvd.delivery import DeliveryPool, EndpointTestRunner
from dcvd.dns import DnsObserver
from dcvd.errors import DcvdError
from dcvd.janitor import Janitor, OrganizationRemover, Resealer
from dcvd.jobs import ConnectionMaintenance, JobWorker
from dcvd.kit.egress.guard import allow_networks
from dcvd.kit.http.client_addresses import ClientAddresses
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from dcvd.kit.http.server.http_limits import HttpLimits
from dcvd.kit.http.server.listen_fds import InheritedSocket
from dcvd.kit.http.server.server import HttpServer
from dcvd.kit.lockfile import LockFile
from dcvd.kit.tasks import Supervisor, TaskEnd
from dcvd.metrics import Metrics
from dcvd.oauth.tokens import TokenClient
from dcvd.providers.domain_connect.discovery import DomainConnectDiscovery
from dcvd.providers.drivers import DriverFactory
from dcvd.services import audit, clock_skew
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.diagnosis import Diagnoser
from dcvd.services.events.feed import EventFeed
from dcvd.services.lifecycle.cloudflare_notifications import CloudflareNotificationHandler
from dcvd.services.lifecycle.on_demand_checks import OnDemandChecks
from dcvd.services.logos import LogoFetcher
from dcvd.services.tokens.usage import TokenUsage
from dcvd.services.webhooks import delivery_order, secret_rotation
from dcvd.services.zones.checks import ZoneChecker
from dcvd.store.engine.database import Database
from dcvd.store.engine.files import adopt_owner, lock_path
from dcvd.sync.checker import DomainChecker
from dcvd.sync.loop import SyncLoop
from dcvd.sync.saas_zone_loop import SaasZoneLoop
from dcvd.sync.stall_watch import StallWatch
from dcvd.sync.zone_loop import ZoneLoop

log = structlog.get_logger(__name__)

_JOBS_STOP_TIMEOUT_S: Final = 5.0
"""Seconds that running jobs get at a stop; a job that is cut off runs again after the next start."""
_CHECKS_STOP_TIMEOUT_S: Final = 1.0
_CANCEL_GRACE_S: Final = 2.0
_CONNECTIONS_RESERVE_S: Final = 5.0
"""Seconds of the shutdown that are reserved for tokens that providers are changing: what they answer must be stored."""
_METRICS_LIMITS: Final = HttpLimits(head_timeout_s=5.0, body_total_s=5.0, write_timeout_s=10.0, keep_alive_s=75.0)
"""Prometheus comes back each minute or sooner over the same connection; nobody else has anything to send."""
_STORE_RESERVE_S: Final = 2.0
"""Seconds of the shutdown that are reserved for closing the database."""


class DaemonFailed(DcvdError):
    """A part of the daemon ended by itself, although it should run for ever."""

    code = "daemon_failed"


class Daemon:
    """Owns all parts: `start()` builds them in the order of dependence, `stop()` takes them down in reverse order."""

    context: Context
    services: AppServices
    urls: list[str]
    metrics_urls: list[str]

    def __init__(self, loaded: LoadedConfig, *, inherited_sockets: Sequence[InheritedSocket] = ()) -> None:
        self._live_config = Live(loaded.config)
        self._from_environment = loaded.from_environment
        self._inherited_sockets = inherited_sockets
        self._supervisor = Supervisor()
        self._stop_requested = asyncio.Event()
        self._metrics = Metrics()
        self._teardown_steps: list[Callable[[], Awaitable[None] | None]] = []
        self._is_running = False

    async def __aenter__(self) -> "Daemon":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start all parts, and return once requests are served. Raises DcvdError, and then leaves nothing open."""
        try:
            await self._start()
        except BaseException:
            await self._tear_down()
            raise
        self._is_running = True

    def supervise(self, name: str, coroutine: Coroutine[Any, Any, None]) -> None:
        """Supervise another task that should run for ever: when it ends, the daemon stops."""
        self._supervisor.spawn(name, coroutine)

    async def wait(self) -> None:
        """Wait for `request_stop()`. Raises DaemonFailed, naming the part, when one ended by itself."""
        first_end = await self._wait_for(self._stop_requested)
        if first_end is not None:
            reason = "it returned" if first_end.exception is None else repr(first_end.exception)
            raise DaemonFailed(f"{first_end.name} ended unexpectedly: {reason}. dcvd stops.") from first_end.exception

    def request_stop(self) -> None:
        """End `wait()`; a signal handler may call this."""
        self._stop_requested.set()

    async def stop(self) -> None:
        """Stop accepting, finish what was begun up to the deadline, store outcomes, close the database.

        Whatever begins work ends before what it uses: first the loops, then requests, checks and jobs, then the changes
        of tokens that they have begun, and at last the clients and the database.
        """
        if not self._is_running:
            return
        self._is_running = False
        loop = asyncio.get_running_loop()
        started = loop.time()
        total_s = to_seconds(self.context.config.server.shutdown_timeout)
        budget_s = max(total_s - _STORE_RESERVE_S, total_s / 2)
        log.info("daemon.stopping", deadline_s=total_s)
        self.services.feed.close()
        loops = ("sync", "jobs", "delivery", "janitor", "connections", "organizations", "vault", "recovery")
        await self._supervisor.stop(*loops, timeout_s=budget_s)
        for server in self._servers:
            self._supervisor.expect_end(server.name)
        remaining_s = max(started + budget_s - loop.time(), 0.0)
        cancelled_counts = await asyncio.gather(
            self._drain_connections_last(remaining_s), self._delivery.pool.drain(remaining_s)
        )
        await self._tear_down()
        log.info("daemon.stopped", cancelled=sum(cancelled_counts), seconds=round(loop.time() - started, 2))

    async def _drain_connections_last(self, timeout_s: float) -> int:
        """End requests, checks and jobs, then the changes of tokens that any of them has begun.

        Returns how many tasks were cancelled.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        reserve_s = min(_CONNECTIONS_RESERVE_S, timeout_s / 2)
        users_s = timeout_s - reserve_s
        jobs_s = min(users_s, _JOBS_STOP_TIMEOUT_S)
        _, *cancelled_counts = await asyncio.gather(
            self._stop_servers(users_s),
            self._sync.pool.drain(min(users_s, _CHECKS_STOP_TIMEOUT_S)),
            # What a cancelled job has to put back at a provider takes longer than a moment.
            self._jobs.pool.drain(jobs_s, cancel_grace_s=max(users_s - jobs_s, _CANCEL_GRACE_S)),
        )
        remaining_s = max(started + timeout_s - loop.time(), reserve_s)
        return sum(cancelled_counts) + await self.services.access.tasks.drain(remaining_s)

    def reload(self, loaded: LoadedConfig) -> ConfigChanges:
        """Take over the values that can change while running. Raises ConfigError, and then changes nothing."""
        config = self._live_config.value
        changes = list_changes(config, loaded.config)
        self._live_config.value = merge_reloadable(config, loaded.config)
        self.services.open_requests.check_operators()
        self._saas_zone.wake()
        return changes

    async def record_reload(self, changes: ConfigChanges) -> None:
        """Record in the audit which keys a reload found changed, never their values. Raises StoreError."""
        if not changes.reloadable and not changes.needs_restart:
            return
        after = {"takenOver": changes.reloadable, "needsRestart": changes.needs_restart}
        await self.context.database.write(
            lambda tx: audit.record(self.context, tx, None, AuditAction.CONFIGURATION_RELOADED, None, after=after)
        )

    async def _stop_servers(self, timeout_s: float) -> None:
        await asyncio.gather(*(server.stop(timeout_s=timeout_s) for server in self._servers))

    async def _start(self) -> None:
        database = await self._open_storage()
        self.services = await self._build_services()
        await self._start_tasks(database)
        server, path = self.context.config.server, self.context.config.database.path
        log.info("daemon.started", urls=self.urls, socket=str(server.socket), database=str(path))

    async def _open_storage(self) -> Database:
        """Open the database, the vault and so the context; put right what an earlier process left behind."""
        config = self._live_config.value
        path = config.database.path
        lock = await LockFile.acquire(lock_path(path), timeout_s=to_seconds(config.database.lock_wait))
        self._teardown_steps.append(lock.release)
        adopt_owner(lock.path)
        database = await Database.open(path, readers=config.database.readers, check=True)
        self._teardown_steps.append(database.close)
        context = Context(database, self._live_config)
        vault = await open_vault(context, from_environment=self._from_environment)
        self.context = Context(database, self._live_config, vault=vault)
        await secret_rotation.seal_plaintext_secrets(self.context)
        await clock_skew.repair_clock_skew(self.context)
        await delivery_order.repair_delivery_order(self.context)
        return database

    async def _build_services(self) -> AppServices:
        """Build what requests and tasks use, the lower parts first."""
        context, config = self.context, self.context.config
        self._recovery = OutageRecovery(context)
        cloudflare = CloudflareClient(
            self._live_config,
            self._metrics,
            saas_zone=context.saas_zone,
            on_recovered=self._recovery.announce,
            on_fault_ended=self._recovery.announce_end,
        )
        await cloudflare.start()
        self._teardown_steps.append(cloudflare.close)
        observer = DnsObserver(config)
        policy = allow_networks(config.providers.allow_private)
        fetcher, guarded_fetcher = Fetcher(), GuardedFetcher(policy)
        await fetcher.start()
        self._teardown_steps.append(fetcher.close)
        await guarded_fetcher.start()
        self._teardown_steps.append(guarded_fetcher.close)
        drivers = DriverFactory(self._live_config, fetcher, policy, observer)
        token_client = TokenClient(fetcher, self._live_config)
        access = ProviderAccess(context, drivers, token_client, self._metrics)
        self._teardown_steps.append(access.close)
        prober = EdgeProber(self._live_config, observer.zones, self._metrics)
        checker = DomainChecker(context, cloudflare, observer, self._metrics, prober)
        token_usage = TokenUsage()
        self._teardown_steps.append(lambda: token_usage.store(context))
        self._delivery = DeliveryPool(context, self._metrics)
        await self._delivery.start()
        self._teardown_steps.append(self._delivery.close)
        tester = EndpointTestRunner(context, self._delivery)
        await tester.start()
        self._teardown_steps.append(tester.close)
        self._sync = SyncLoop(context, checker, cloudflare)
        self._saas_zone = SaasZoneLoop(context, cloudflare, observer.zones, self._metrics)
        self._zone_checker = ZoneChecker(context, observer.zones)
        self._jobs = JobWorker(context, cloudflare, access, self._metrics)
        return AppServices(
            context=context,
            token_usage=token_usage,
            open_requests=OpenRequests(context),
            rate_limiter=RateLimiter(context),
            failed_authentications=FailedAuthentications(context),
            checks=OnDemandChecks(context, checker),
            operators=self._live_config.derive(lambda config: find_operator_rights(config.server)),
            registry=self._metrics.registry,
            readiness=build_readiness(context, observer),
            feed=EventFeed(context),
            hints=CloudflareNotificationHandler(context, self._metrics),
            diagnoser=Diagnoser(context, observer),
            tester=tester,
            access=access,
            discovery=DomainConnectDiscovery(observer.zones, guarded_fetcher),
            observer=observer,
            logos=LogoFetcher(guarded_fetcher),
            zones=self._zone_checker,
        )

    async def _start_tasks(self, database: Database) -> None:
        """Listen, start the tasks that run for ever, and return once requests are served."""
        config = self.context.config
        listeners = ApiListeners(config, self._inherited_sockets)
        self._teardown_steps.append(listeners.close)
        self.urls, self.metrics_urls = listeners.urls, listeners.metrics_urls
        limits = HttpLimits(head_timeout_s=to_seconds(config.server.head_timeout))
        api = HttpServer(
            Api(self.services),
            sockets=listeners.sockets,
            limits=limits,
            connection_limits=derive_connection_limits(config),
            clients=ClientAddresses(config.server.trusted_proxies),
            name="api",
        )
        self._servers = [api]
        self._teardown_steps.append(lambda: self._supervisor.stop(timeout_s=1.0))
        for name, coroutine in (
            ("store", database.watch_file()),
            ("api", api.serve()),
            ("jobs", self._jobs.run()),
            ("sync", self._sync.run()),
            ("saas_zone", self._saas_zone.run()),
            ("stalls", StallWatch(self.context).run()),
            ("zones", ZoneLoop(self.context, self._zone_checker).run()),
            ("delivery", self._delivery.run()),
            ("janitor", Janitor(self.context, self.services.token_usage, self._metrics).run()),
            ("connections", ConnectionMaintenance(self.context, self.services.access, self._metrics).run()),
            ("organizations", OrganizationRemover(self.context, self.services.access).run()),
            ("vault", Resealer(self.context).run()),
            ("recovery", self._recovery.run()),
        ):
            self._supervisor.spawn(name, coroutine)
        if listeners.metrics_sockets:
            app, sockets = MetricsApp(self._metrics.registry), listeners.metrics_sockets
            metrics = HttpServer(
                app, sockets=sockets, limits=_METRICS_LIMITS, connection_limits=METRICS_CONNECTIONS, name="metrics"
            )
            self._servers.append(metrics)
            self._supervisor.spawn("metrics", metrics.serve())
        for server in self._servers:
            first_end = await self._wait_for(server.listening_event)
            if first_end is not None and not server.listening_event.is_set():
                raise DaemonFailed(
                    f"{first_end.name} could not start: {first_end.exception!r}."
                ) from first_end.exception

    async def _wait_for(self, event: asyncio.Event) -> TaskEnd | None:
        """Wait for an event, or for a task that ends by itself; return its end, where there was one by then."""
        event_wait = asyncio.create_task(event.wait(), name="daemon.event")
        first_end = asyncio.create_task(self._supervisor.wait_first_end(), name="daemon.first_end")
        try:
            await asyncio.wait({event_wait, first_end}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            event_wait.cancel()
            first_end.cancel()
        return first_end.result() if first_end.done() and not first_end.cancelled() else None

    async def _tear_down(self) -> None:
        while self._teardown_steps:
            step = self._teardown_steps.pop()
            try:
                pending = step()
                if pending is not None:
                    await pending
            except Exception:
                # Whatever fails, the other parts must still be closed, above all the database and the lock.
                log.exception("daemon.stop_step_failed")
