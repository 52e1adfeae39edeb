"""A database whose readers hang takes its metrics along, and nothing else."""

import asyncio
import threading
from collections.abc import Iterator

from prometheus_client.core import Metric

from dcvd.daemon.metrics.work import show_figures
from dcvd.metrics import Metrics
from dcvd.metrics.exposition import Exposition
from dcvd.services.context import Context
from dcvd.services.figures import read_figures
from dcvd.store.engine.transactions import Snapshot
from tests.metrics.test_metrics import read_samples

_READERS = 3


async def test_while_every_reader_hangs_the_figures_are_absent_and_then_they_are_those_of_now(
    context: Context, org: str
) -> None:
    exposition = Exposition(Metrics().registry, timeout_s=0.1)

    async def read_work() -> Iterator[Metric]:
        return show_figures(await read_figures(context), ["register"])

    exposition.add_source("database", read_work)
    active, is_up = (
        ("dcvd_organizations", (("status", "active"),)),
        ("dcvd_metrics_source_up", (("source", "database"),)),
    )
    samples = read_samples(await exposition.render())
    assert (samples[active], samples[is_up]) == (1, 1)
    may_end, begun = threading.Event(), threading.Semaphore(0)

    def hang(_: Snapshot) -> None:
        begun.release()
        may_end.wait(30)

    readers = [asyncio.create_task(context.database.read(hang)) for _ in range(_READERS)]
    for _ in readers:
        await asyncio.to_thread(begun.acquire)
    try:
        for _ in range(2):
            samples = read_samples(await exposition.render())
            assert (active in samples, samples[is_up]) == (False, 0)
            assert samples["dcvd_clock_steps_total", ()] == 0
    finally:
        may_end.set()
    await asyncio.gather(*readers)
    samples = read_samples(await exposition.render())
    assert (samples[active], samples[is_up]) == (1, 1)
