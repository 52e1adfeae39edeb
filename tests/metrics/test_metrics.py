"""What Prometheus gets to read of deliveries."""

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dcvd.metrics import Metrics


def _samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """As a Prometheus server reads them."""
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_attempts_are_counted_by_outcome_and_by_how_long_they_took() -> None:
    metrics = Metrics()
    metrics.set_in_flight_source(lambda: 3)
    for outcome, seconds in (("delivered", 0.005), ("delivered", 0.02), ("timeout", 5.0), ("timeout", 60.0)):
        metrics.record_attempt(outcome, seconds)
    metrics.count_finished_delivery("delivered")
    found = _samples(metrics)
    assert found["dcvd_delivery_attempts_total", (("outcome", "delivered"),)] == 2
    assert found["dcvd_delivery_attempts_total", (("outcome", "timeout"),)] == 2
    assert found["dcvd_deliveries_ended_total", (("state", "delivered"),)] == 1
    assert found["dcvd_delivery_attempts_in_flight", ()] == 3
    name = "dcvd_delivery_attempt_seconds"
    buckets = {labels[0][1]: value for (sample, labels), value in found.items() if sample == f"{name}_bucket"}
    assert [buckets[bound] for bound in ("0.005", "0.01", "0.025", "2.5", "5.0", "10.0", "+Inf")] == [
        1,
        1,
        2,
        2,
        3,
        3,
        4,
    ]
    assert found[f"{name}_count", ()] == 4
    assert abs(found[f"{name}_sum", ()] - 65.025) < 1e-9
