"""The daemon as one object, which can be started, awaited, reloaded and stopped."""

import asyncio
import os
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

import structlog
from prometheus_client.core import Metric

from dcvd.api.app import Api
from dcvd.api.operators.metrics_app import MetricsApp
from dcvd.config import ConfigChanges, Live, LoadedConfig, list_changes, load, merge_reloadable
from dcvd.core.audit import AuditAction
from dcvd.core.dns.hostnames import load_suffixes
from dcvd.core.instants import to_seconds
from dcvd.daemon.connection_limits import METRICS_CONNECTIONS, derive_connection_limits
from dcvd.daemon.listeners import ApiListeners
from dcvd.daemon.parts import build_parts
from dcvd.daemon.planned_times import put_plans_right
from dcvd.daemon.storage import TeardownStep, open_storage
from dcvd.daemon.tracing import start_tracing, stop_tracing
from dcvd.daemon.watchdog import MovingPart, WriterMovement
from dcvd.errors import DcvdError
from dcvd.http.app_services import AppServices
from dcvd.janitor import Janitor, OrganizationRemover, Resealer, SystemWatch
from dcvd.jobs import ConnectionMaintenance
from dcvd.kit.disciplined_clock import DisciplinedClock
from dcvd.kit.http.client_addresses import ClientAddresses
from dcvd.kit.http.server.http_limits import HttpLimits
from dcvd.kit.http.server.listen_fds import InheritedSocket
from dcvd.kit.http.server.server import HttpServer
from dcvd.kit.tasks import Supervisor, TaskEnd
from dcvd.metrics import Metrics
from dcvd.metrics.catalogue.daemon import NETWORK_CONNECTIONS
from dcvd.metrics.definitions import LabelValues
from dcvd.metrics.event_loop import measure_lag
from dcvd.services import audit
from dcvd.services.configuration import RunningConfiguration
from dcvd.services.context import Context
from dcvd.services.sessions.ending import end_requests_of_members, end_unconfigured
from dcvd.services.system.overview import Serving
from dcvd.store.engine.database import Database
from dcvd.sync.stall_watch import StallWatch
from dcvd.sync.zone_loop import ZoneLoop
from dcvd.web.entrance import PAGE_ENTRANCE

log = structlog.get_logger(__name__)

_JOBS_STOP_TIMEOUT_S: Final = 5.0
"""Seconds that running jobs get at a stop; a job that is cut off runs again after the next start."""
_CHECKS_STOP_TIMEOUT_S: Final = 1.0
_ALERTS_STOP_TIMEOUT_S: Final = 2.0
_CANCEL_GRACE_S: Final = 2.0
_CONNECTIONS_RESERVE_S: Final = 5.0
"""Seconds of the shutdown that are reserved for tokens that providers are changing: what they answer must be stored."""
_METRICS_LIMITS: Final = HttpLimits(head_timeout_s=5.0, body_total_s=5.0, write_timeout_s=10.0, keep_alive_s=75.0)
"""Prometheus comes back each minute or sooner over the same connection; nobody else has anything to send."""
_STORE_RESERVE_S: Final = 2.0
"""Seconds of the shutdown that are reserved for closing the database."""
_ROLE_KEYS: Final = frozenset({"web.oidc.role_claim", "web.oidc.roles"})
"""The keys that say which roles members have by their groups."""


class DaemonFailed(DcvdError):
    """A part of the daemon ended by itself, although it should run for ever."""

    code = "daemon_failed"


class Daemon:
    """Owns all parts: `start()` builds them in the order of dependence, `stop()` takes them down in reverse order."""

    context: Context
    services: AppServices
    urls: list[str]
    metrics_urls: list[str]

    def __init__(
        self,
        loaded: LoadedConfig,
        *,
        environ: Mapping[str, str] | None = None,
        inherited_sockets: Sequence[InheritedSocket] = (),
        janitor_interval_s: float = 60.0,
    ) -> None:
        """`environ`: with which the file was loaded, that of the process if None.

        `janitor_interval_s`: the seconds between two rounds of the janitor.
        """
        environ = os.environ if environ is None else environ
        self._configuration = RunningConfiguration(loaded, lambda: load(loaded.path, environ))
        self._janitor_interval_s = janitor_interval_s
        self._live_config = Live(loaded.config)
        self._loaded = loaded
        self._inherited_sockets = inherited_sockets
        self._supervisor = Supervisor()
        self._stop_requested = asyncio.Event()
        self._metrics = Metrics()
        self._clock = DisciplinedClock()
        self._teardown_steps: list[TeardownStep] = []
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

    def moving_parts(self) -> list[MovingPart]:
        """List what has to get on with its work as long as the daemon lives."""
        return [WriterMovement(self.context.database.writer_state), self._parts.delivery.movement]

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
        self.services.watchers.close()
        loops = (
            "sync", "jobs", "delivery", "alerts", "janitor", "connections", "organizations", "vault", "system",
            "recovery", "store_watch", "heartbeat", "readiness",
        )  # fmt: skip
        await self._supervisor.stop(*loops, timeout_s=budget_s)
        for server in self._servers:
            self._supervisor.expect_end(server.name)
        remaining_s = max(started + budget_s - loop.time(), 0.0)
        cancelled_counts = await asyncio.gather(
            self._drain_connections_last(remaining_s),
            self._parts.delivery.pool.drain(remaining_s),
            self._parts.alerts.pool.drain(min(remaining_s, _ALERTS_STOP_TIMEOUT_S)),
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
            self._parts.sync.pool.drain(min(users_s, _CHECKS_STOP_TIMEOUT_S)),
            # What a cancelled job has to put back at a provider takes longer than a moment.
            self._parts.jobs.pool.drain(jobs_s, cancel_grace_s=max(users_s - jobs_s, _CANCEL_GRACE_S)),
        )
        remaining_s = max(started + timeout_s - loop.time(), reserve_s)
        return sum(cancelled_counts) + await self.services.access.tasks.drain(remaining_s)

    def reload(self, loaded: LoadedConfig) -> ConfigChanges:
        """Take over the values that can change while running. Raises ConfigError, and then changes nothing."""
        config = self._live_config.value
        changes = list_changes(config, loaded.config)
        self._live_config.value = merge_reloadable(config, loaded.config)
        self._configuration.take_over(loaded)
        self.services.open_requests.check_operators()
        self._parts.saas_zone.wake()
        return changes

    async def complete_reload(self, changes: ConfigChanges) -> None:
        """Store what follows from a reload. Raises StoreError.

        The sessions of those whom it lets in no more end for good: it may let them in again later. Where groups give
        other roles, what their members have under way ends. The audit says which keys were found changed, never their
        values.
        """
        await end_unconfigured(self.context, self.services.operators.value)
        if not _ROLE_KEYS.isdisjoint(changes.reloadable):
            await end_requests_of_members(self.context)
        if not changes.reloadable and not changes.needs_restart:
            return
        after = {"takenOver": changes.reloadable, "needsRestart": changes.needs_restart}
        await self.context.database.write(
            lambda tx: audit.record(self.context, tx, None, AuditAction.CONFIGURATION_RELOADED, None, after=after)
        )

    async def _stop_servers(self, timeout_s: float) -> None:
        await asyncio.gather(*(server.stop(timeout_s=timeout_s) for server in self._servers))

    async def _start(self) -> None:
        load_suffixes()
        start_tracing(self._live_config.value)
        self._teardown_steps.append(stop_tracing)
        database, self.context = await open_storage(self._live_config, self._loaded, self._clock, self._teardown_steps)
        self._parts = await build_parts(
            self.context, self._configuration, self._clock, self._metrics, self._teardown_steps
        )
        self.services = self._parts.services
        await put_plans_right(self.context, self._parts.clock_watch)
        await end_unconfigured(self.context, self.services.operators.value)
        await self._start_tasks(database)
        self.services.overview.begin_serving(Serving(started_at=self.context.now(), urls=self.urls))
        server, path = self.context.config.server, self.context.config.database.path
        log.info("daemon.started", urls=self.urls, socket=str(server.socket), database=str(path))

    async def _start_tasks(self, database: Database) -> None:
        """Listen, start the tasks that run for ever, and return once requests are served."""
        config = self.context.config
        listeners = ApiListeners(config, self._inherited_sockets)
        self._teardown_steps.append(listeners.close)
        self.urls, self.metrics_urls = listeners.urls, listeners.metrics_urls
        limits = HttpLimits(
            head_timeout_s=to_seconds(config.server.head_timeout), keep_alive_s=to_seconds(config.server.keep_alive)
        )
        api = HttpServer(
            Api(self.services, PAGE_ENTRANCE),
            sockets=listeners.sockets,
            limits=limits,
            connection_limits=derive_connection_limits(config),
            clients=ClientAddresses(config.server.trusted_proxies),
            name="api",
        )
        self._servers = [api]
        self._teardown_steps.append(lambda: self._supervisor.stop(timeout_s=1.0))
        interval_s = self._janitor_interval_s
        janitor = Janitor(self.context, self.services.token_usage, self._metrics, round_interval_s=interval_s)
        for name, coroutine in (
            ("store", database.watch_file()),
            ("api", api.serve()),
            ("jobs", self._parts.jobs.run()),
            ("sync", self._parts.sync.run()),
            ("saas_zone", self._parts.saas_zone.run()),
            ("clock", self._parts.clock_watch.run()),
            ("stalls", StallWatch(self.context).run()),
            ("zones", ZoneLoop(self.context, self._parts.zone_checker).run()),
            ("delivery", self._parts.delivery.run()),
            ("alerts", self._parts.alerts.run()),
            ("heartbeat", self._parts.heartbeat.run()),
            ("janitor", janitor.run()),
            ("connections", ConnectionMaintenance(self.context, self.services.access).run()),
            ("organizations", OrganizationRemover(self.context, self.services.access).run()),
            ("vault", Resealer(self.context).run()),
            ("system", SystemWatch(self.context, self._clock, growth=self._parts.growth).run()),
            ("store_watch", self._parts.store_watch.run()),
            ("recovery", self._parts.recovery.run()),
            ("readiness", self.services.readiness.run()),
            ("event_loop", measure_lag(self._metrics.record_loop_lag)),
        ):
            self._supervisor.spawn(name, coroutine)
        if listeners.metrics_sockets:
            app, sockets = MetricsApp(self.services.exposition), listeners.metrics_sockets
            metrics = HttpServer(
                app, sockets=sockets, limits=_METRICS_LIMITS, connection_limits=METRICS_CONNECTIONS, name="metrics"
            )
            self._servers.append(metrics)
            self._supervisor.spawn("metrics", metrics.serve())
        self._metrics.add_source([NETWORK_CONNECTIONS], lambda: [self._count_connections()])
        for server in self._servers:
            first_end = await self._wait_for(server.listening_event)
            if first_end is not None and not server.listening_event.is_set():
                raise DaemonFailed(
                    f"{first_end.name} could not start: {first_end.exception!r}."
                ) from first_end.exception

    def _count_connections(self) -> Metric:
        """Count the open connections of each kind."""
        counts: dict[LabelValues, float] = {("webhooks",): self._parts.delivery.count_connections()}
        for server in self._servers:
            tcp, unix = server.count_connections()
            counts |= {("api_tcp",): tcp, ("api_unix",): unix} if server.name == "api" else {(server.name,): tcp}
        return NETWORK_CONNECTIONS.build(counts)

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
