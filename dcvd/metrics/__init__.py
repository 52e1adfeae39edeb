"""The daemon's metrics, for Prometheus. Each daemon has its own registry, so that two in one process do not mix."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from dcvd.metrics.anonymous_lines import AnonymousLineCount
from dcvd.metrics.deliveries import DeliveryCounts


class Metrics:
    """Holds every metric; labels are closed sets, never names of tenants or domains."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._calls = Counter(
            "dcvd_cloudflare_calls", "Calls to Cloudflare", ["method", "path", "status"], registry=self.registry
        )
        self._call_duration_s = Histogram(
            "dcvd_cloudflare_call_seconds", "Time a call to Cloudflare took", registry=self.registry
        )
        self._checks = Counter("dcvd_looks", "Checks of domains", ["outcome"], registry=self.registry)
        self._probes = Counter("dcvd_edge_probes", "Probes of what serves a name", ["outcome"], registry=self.registry)
        self._notifications = Counter(
            "dcvd_cloudflare_hints", "Notifications from Cloudflare", ["outcome"], registry=self.registry
        )
        self._deliveries = DeliveryCounts()
        self.registry.register(self._deliveries)
        self._overdue_renewals = Gauge(
            "dcvd_renewals_late", "Certificates that should have been renewed and were not", registry=self.registry
        )
        self._check_delay_s = Gauge(
            "dcvd_looks_behind_seconds",
            "For how long the check that waits longest has been due",
            ["lane"],
            registry=self.registry,
        )
        self._connections = Gauge(
            "dcvd_connections", "Connections to DNS providers", ["provider", "status"], registry=self.registry
        )
        self._zone_faults = Gauge(
            "dcvd_cloudflare_zone_faults",
            "Whether a fault of the zone at Cloudflare keeps hostnames waiting",
            ["code"],
            registry=self.registry,
        )
        self._refreshes = Counter(
            "dcvd_connection_refreshes", "Refreshes of access tokens", ["outcome"], registry=self.registry
        )
        self.registry.register(AnonymousLineCount())
        self._jobs = Counter("dcvd_jobs", "Attempts of jobs", ["kind", "outcome"], registry=self.registry)

    def record_cloudflare_call(self, method: str, path: str, status: int, seconds: float) -> None:
        """Record a call that ended; `path` is the template, `status` is 0 when no answer came."""
        self._calls.labels(method, path, str(status)).inc()
        self._call_duration_s.observe(seconds)

    def count_check(self, outcome: str) -> None:
        """Count a check of a domain that ended."""
        self._checks.labels(outcome).inc()

    def count_probe(self, outcome: str) -> None:
        """Count a probe of the edge."""
        self._probes.labels(outcome).inc()

    def set_renewals(self, overdue_count: int, check_delay_s_by_lane: Mapping[str, float]) -> None:
        """Set how many renewals are overdue, and by lane for how many seconds a check has been due."""
        self._overdue_renewals.set(overdue_count)
        for lane, seconds in check_delay_s_by_lane.items():
            self._check_delay_s.labels(lane).set(seconds)

    def count_notification(self, outcome: str) -> None:
        """Count a notification from Cloudflare that was handled."""
        self._notifications.labels(outcome).inc()

    def record_attempt(self, outcome: str, seconds: float) -> None:
        """Record a webhook attempt that ended."""
        self._deliveries.attempts[outcome] += 1
        self._deliveries.observe_latency(seconds)

    def count_own_fault(self, reason: str) -> None:
        """Count a webhook attempt that failed by a fault of our own machine, and was not recorded as one."""
        self._deliveries.own_faults[reason] += 1

    def count_finished_delivery(self, state: str) -> None:
        """Count a delivery that was delivered, or that is a dead letter."""
        self._deliveries.finished_deliveries[state] += 1

    def set_in_flight_source(self, count_in_flight: Callable[[], int]) -> None:
        """Set the function that counts the attempts in flight."""
        self._deliveries.count_in_flight = count_in_flight

    def set_connections(self, provider: str, status: str, count: int) -> None:
        """Set how many connections there are."""
        self._connections.labels(provider, status).set(count)

    def set_zone_faults(self, is_present_by_code: Mapping[str, bool]) -> None:
        """Set which faults the operator's zone at Cloudflare has."""
        for code, is_present in is_present_by_code.items():
            self._zone_faults.labels(code).set(is_present)

    def count_refresh(self, outcome: str) -> None:
        """Count a refresh of an access token that ended."""
        self._refreshes.labels(outcome).inc()

    def count_job_attempt(self, kind: str, outcome: str) -> None:
        """Count an attempt of a job that ended."""
        self._jobs.labels(kind, outcome).inc()
