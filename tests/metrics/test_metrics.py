"""What Prometheus gets to read of what happened."""

import asyncio
from collections.abc import Iterable

import pytest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from dcvd.errors import StoreError
from dcvd.metrics import Metrics
from dcvd.metrics.catalogue import CATALOGUE, daemon, work
from dcvd.metrics.definitions import MetricType, define_counter
from dcvd.metrics.exposition import Exposition
from dcvd.metrics.recorders import Counts

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read_samples(text: bytes) -> Samples:
    """As a Prometheus server reads them."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


async def scrape(metrics: Metrics) -> Samples:
    return read_samples(await Exposition(metrics.registry).render())


async def test_attempts_are_counted_by_outcome_and_by_how_long_they_took() -> None:
    metrics = Metrics()
    for outcome, seconds in (("delivered", 0.005), ("delivered", 0.02), ("timeout", 5.0), ("timeout", 60.0)):
        metrics.record_attempt(outcome, seconds)
    metrics.count_finished_delivery("delivered")
    found = await scrape(metrics)
    assert found["dcvd_delivery_attempts_total", (("outcome", "delivered"),)] == 2
    assert found["dcvd_delivery_attempts_total", (("outcome", "timeout"),)] == 2
    assert found["dcvd_deliveries_ended_total", (("state", "delivered"),)] == 1
    name = "dcvd_delivery_attempt_seconds"
    buckets = {labels[0][1]: value for (sample, labels), value in found.items() if sample == f"{name}_bucket"}
    wanted = {"0.005": 1, "0.01": 1, "0.025": 2, "2.5": 2, "5.0": 3, "10.0": 3, "+Inf": 4}
    assert {bound: buckets[bound] for bound in wanted} == wanted
    assert found[f"{name}_count", ()] == 4
    assert abs(found[f"{name}_sum", ()] - 65.025) < 1e-9


async def test_what_has_not_happened_yet_is_0_so_that_the_first_time_is_an_increase() -> None:
    found = await scrape(Metrics())
    assert found["dcvd_deliveries_ended_total", (("state", "dead"),)] == 0
    assert found["dcvd_authentication_failures_total", (("reason", "limited"),)] == 0
    assert found["dcvd_store_commit_seconds_count", ()] == 0


async def test_a_duration_that_a_step_of_the_clock_made_negative_counts_as_none() -> None:
    metrics = Metrics()
    metrics.record_first_attempt(-3.0)
    found = await scrape(metrics)
    name = "dcvd_delivery_first_attempt_seconds"
    assert (found[f"{name}_sum", ()], found[f"{name}_bucket", (("le", "0.025"),)]) == (0, 1)


def test_a_set_of_labels_that_is_not_closed_after_all_stays_bounded() -> None:
    counts = Counts(define_counter("dcvd_x_total", "X.", "a"))
    for number in range(3_000):
        counts.add(str(number))
    (family,) = counts.collect()
    assert len(family.samples) <= 501
    assert sum(sample.value for sample in family.samples) == 3_000
    assert max(sample.value for sample in family.samples if sample.labels == {"a": "other"}) > 2_000


@pytest.mark.parametrize("error", [StoreError("broken"), OSError("broken"), None])
async def test_what_cannot_be_read_is_absent_and_never_what_it_was(error: Exception | None) -> None:
    exposition = Exposition(Metrics().registry, timeout_s=0.05)
    faults: list[Exception | None] = []

    async def read() -> Iterable[Metric]:
        if faults:
            await asyncio.sleep(0 if error else 60)
            if error is not None:
                raise error
        return [work.DELIVERIES.build({("dead",): 7})]

    async def read_other() -> Iterable[Metric]:
        return [daemon.FREE_SPACE.build_single(5)]

    exposition.add_source("database", read)
    exposition.add_source("disk", read_other)
    up = "dcvd_metrics_source_up"
    found = read_samples(await exposition.render())
    assert (found["dcvd_deliveries", (("state", "dead"),)], found[up, (("source", "database"),)]) == (7, 1)
    faults.append(error)
    found = read_samples(await exposition.render())
    assert ("dcvd_deliveries", (("state", "dead"),)) not in found
    assert (found[up, (("source", "database"),)], found[up, (("source", "disk"),)]) == (0, 1)
    assert found["dcvd_store_free_bytes", ()] == 5
    faults.clear()
    assert read_samples(await exposition.render())[up, (("source", "database"),)] == 1


async def test_scrapes_at_the_same_time_read_once_and_one_that_is_given_up_ends_no_other() -> None:
    exposition = Exposition(Metrics().registry)
    reads = 0
    may_go_on = asyncio.Event()

    async def read() -> Iterable[Metric]:
        nonlocal reads
        reads += 1
        await may_go_on.wait()
        return []

    exposition.add_source("database", read)
    scrapes = [asyncio.create_task(exposition.render()) for _ in range(5)]
    await asyncio.sleep(0)
    scrapes[0].cancel()
    await asyncio.sleep(0)
    may_go_on.set()
    texts = await asyncio.gather(*scrapes[1:])
    assert (reads, len(set(texts))) == (1, 1)
    await exposition.close()


def test_names_follow_the_conventions_of_prometheus() -> None:
    assert len({each.name for each in CATALOGUE}) == len(CATALOGUE)
    for each in CATALOGUE:
        assert each.name.startswith(("dcvd_", "process_")), each.name
        assert each.name.endswith("_total") is (each.type is MetricType.COUNTER), each.name
        assert each.type is not MetricType.HISTOGRAM or each.name.endswith("_seconds"), each.name
        assert each.meaning.endswith("."), each.name
        assert {"le", "name", "org", "domain", "organization"}.isdisjoint(each.labels), each.name
