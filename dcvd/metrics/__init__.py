"""The daemon's metrics, for Prometheus. Each daemon has its own registry, so that two in one process do not mix."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from dcvd.metrics.catalogue import cloudflare, daemon, domains, work
from dcvd.metrics.definitions import MetricDefinition
from dcvd.metrics.recorders import Counts, Durations

ReadMetrics = Callable[[], Iterable[Metric]]

_FAST_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_COMMIT_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_DELIVERY_S: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0, 120.0, 600.0, 3600.0, 14400.0, 86400.0)
_SETUP_S: Final = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0, 86400.0, 604800.0)
"""Upper bounds of buckets, in seconds; one more bucket holds the rest."""


class _Source(Collector):
    """Metrics that are read when they are asked for."""

    def __init__(self, definitions: Iterable[MetricDefinition], read: ReadMetrics) -> None:
        self._definitions = tuple(definitions)
        self._read = read

    def describe(self) -> Iterator[Metric]:
        return (definition.build({}) for definition in self._definitions)

    def collect(self) -> Iterator[Metric]:
        return iter(self._read())


class Metrics:
    """Records what happens, and knows how to read what is; labels are closed sets, never names of tenants or domains.

    What is slow to read, or may fail, is no part of the registry; see `Exposition`.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = self._count(cloudflare.CALLS)
        self._call = self._measure(cloudflare.CALL, _FAST_S)
        self._notifications = self._count(cloudflare.NOTIFICATIONS)
        self._checks = self._count(domains.CHECKS, *(("seen",), ("unanswered",), ("cloudflare_failed",)))
        self._probes = self._count(domains.PROBES)
        self._activation = self._measure(domains.ACTIVATION, _SETUP_S)
        self._issuance = self._measure(domains.ISSUANCE, _SETUP_S)
        self._attempts = self._count(work.DELIVERY_ATTEMPTS, ("delivered",))
        self._attempt = self._measure(work.DELIVERY_ATTEMPT, _FAST_S)
        self._first_attempt = self._measure(work.FIRST_ATTEMPT, _DELIVERY_S)
        self._success = self._measure(work.SUCCESS, _DELIVERY_S)
        self._finished_deliveries = self._count(work.DELIVERIES_ENDED, ("delivered",), ("dead",), ("cancelled",))
        self._own_faults = self._count(work.OWN_FAULTS)
        self._job_attempts = self._count(work.JOB_ATTEMPTS)
        self._refreshes = self._count(work.REFRESHES, ("renewed",), ("unavailable",), ("reauth_required",))
        self._alerts = self._count(work.ALERT_ATTEMPTS)
        self._heartbeats = self._count(work.HEARTBEATS, ("sent",), ("failed",), ("withheld",))
        self._commit = self._measure(daemon.COMMIT, _COMMIT_S)
        self._requests = self._count(daemon.HTTP_REQUESTS)
        self.request_count = 0
        self._request = self._measure(daemon.HTTP_REQUEST, _FAST_S)
        self._authentication_failures = self._count(
            daemon.AUTHENTICATION_FAILURES, ("refused",), ("limited",), ("not_an_operator",)
        )
        self._loop_lag = self._measure(daemon.LOOP_LAG, _COMMIT_S)
        self._clock_steps = self._count(daemon.CLOCK_STEPS)
        self._refused_rounds = self._count(daemon.REFUSED_ROUNDS)

    def add_source(self, definitions: Iterable[MetricDefinition], read: ReadMetrics) -> None:
        """Have `read` return these metrics whenever they are asked for. It has to be quick, and must not raise."""
        self.registry.register(_Source(definitions, read))

    def record_cloudflare_call(self, method: str, path: str, outcome: str, seconds: float) -> None:
        """Record a call that ended; `path` is the template."""
        self._calls.add(method, path, outcome)
        self._call.observe(seconds)

    def count_check(self, outcome: str) -> None:
        """Count a check of a domain that ended."""
        self._checks.add(outcome)

    def count_probe(self, outcome: str) -> None:
        """Count a probe of the edge."""
        self._probes.add(outcome)

    def record_activation(self, since_addition_s: float, since_verification_s: float | None) -> None:
        """Record that a domain became active for the first time, and how long that took."""
        self._activation.observe(since_addition_s)
        if since_verification_s is not None:
            self._issuance.observe(since_verification_s)

    def count_notification(self, outcome: str) -> None:
        """Count a notification from Cloudflare that was handled."""
        self._notifications.add(outcome)

    def record_attempt(self, outcome: str, seconds: float) -> None:
        """Record a webhook attempt that ended."""
        self._attempts.add(outcome)
        self._attempt.observe(seconds)

    def record_first_attempt(self, seconds: float) -> None:
        """Record how long after the commit of its event a delivery was attempted for the first time."""
        self._first_attempt.observe(seconds)

    def record_success(self, seconds: float) -> None:
        """Record how long after the commit of its event a delivery was answered with 2xx."""
        self._success.observe(seconds)

    def count_own_fault(self, reason: str) -> None:
        """Count a webhook attempt that failed by a fault of our own machine, and was not recorded as one."""
        self._own_faults.add(reason)

    def count_finished_delivery(self, state: str) -> None:
        """Count a delivery that was delivered, that is a dead letter, or that was cancelled."""
        self._finished_deliveries.add(state)

    def record_commit(self, seconds: float) -> None:
        """Record how long a group of units of work took, to the end of its commit."""
        self._commit.observe(seconds)

    def record_request(self, route: str, status: str, seconds: float) -> None:
        """Record an HTTP request that ended; `route` and `status` are classes."""
        self.request_count += 1
        self._requests.add(route, status)
        self._request.observe(seconds, route)

    def count_authentication_failure(self, reason: str) -> None:
        """Count a request whose caller did not show who they are."""
        self._authentication_failures.add(reason)

    def record_loop_lag(self, seconds: float) -> None:
        """Record by how much the event loop woke too late."""
        self._loop_lag.observe(seconds)

    def count_clock_step(self) -> None:
        """Count a step of the time that is gone by."""
        self._clock_steps.add()

    def count_refused_round(self) -> None:
        """Count a round of the janitor that deleted nothing."""
        self._refused_rounds.add()

    def count_refresh(self, outcome: str) -> None:
        """Count a refresh of an access token that ended."""
        self._refreshes.add(outcome)

    def expect_jobs(self, kinds: Iterable[str]) -> None:
        """Show the attempts of jobs of these kinds from the start."""
        for kind in kinds:
            for outcome in ("done", "failed", "dead"):
                self._job_attempts.add(kind, outcome, count=0)

    def count_job_attempt(self, kind: str, outcome: str) -> None:
        """Count an attempt of a job that ended."""
        self._job_attempts.add(kind, outcome)

    def count_heartbeat(self, outcome: str) -> None:
        """Count a heartbeat that was due."""
        self._heartbeats.add(outcome)

    def count_alert_attempt(self, channel: str, outcome: str) -> None:
        """Count an attempt to send an alert that ended."""
        self._alerts.add(channel, outcome)

    def _count(self, definition: MetricDefinition, *known: tuple[str, ...]) -> Counts:
        counts = Counts(definition, known)
        self.registry.register(counts)
        return counts

    def _measure(self, definition: MetricDefinition, bounds_s: tuple[float, ...]) -> Durations:
        durations = Durations(definition, bounds_s)
        self.registry.register(durations)
        return durations
