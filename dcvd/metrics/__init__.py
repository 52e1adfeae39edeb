"""What the daemon counts, for Prometheus. One registry a daemon, so that two in one process do not mix."""

from prometheus_client import CollectorRegistry, Counter, Histogram


class Metrics:
    """Every counter once; labels are closed sets, never names of tenants or domains."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._calls = Counter(
            "dcvd_cloudflare_calls", "Calls to Cloudflare", ["method", "path", "status"], registry=self.registry
        )
        self._call_seconds = Histogram(
            "dcvd_cloudflare_call_seconds", "Time a call to Cloudflare took", registry=self.registry
        )
        self._looks = Counter("dcvd_looks", "Looks at domains", ["outcome"], registry=self.registry)
        self._attempts = Counter("dcvd_delivery_attempts", "Webhook attempts", ["outcome"], registry=self.registry)
        self._attempt_seconds = Histogram(
            "dcvd_delivery_attempt_seconds", "Time a webhook attempt took", registry=self.registry
        )
        self._jobs = Counter("dcvd_jobs", "Tries of jobs", ["kind", "outcome"], registry=self.registry)

    def cloudflare_call(self, method: str, path: str, status: int, seconds: float) -> None:
        """A call ended; `path` is the template, `status` 0 when no answer came."""
        self._calls.labels(method, path, str(status)).inc()
        self._call_seconds.observe(seconds)

    def look(self, outcome: str) -> None:
        """A look at a domain ended."""
        self._looks.labels(outcome).inc()

    def attempt(self, outcome: str, seconds: float) -> None:
        """A webhook attempt ended."""
        self._attempts.labels(outcome).inc()
        self._attempt_seconds.observe(seconds)

    def job(self, kind: str, outcome: str) -> None:
        """A try of a job ended."""
        self._jobs.labels(kind, outcome).inc()
