"""The exposition: what one scrape gets to read, in Prometheus' text format.

What is read from disk or by a reader of the database is read for each scrape, within a deadline. Where that fails, it
is absent, and `dcvd_metrics_source_up` says so: a value is never that of an earlier scrape.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import chain
from typing import Final

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric

from dcvd.errors import DcvdError
from dcvd.metrics.catalogue import daemon
from dcvd.metrics.definitions import LabelValues

log = structlog.get_logger(__name__)

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_TIMEOUT_S: Final = 2.0
"""Seconds for which a scrape waits for a source; Prometheus itself waits for 10 s."""

ReadSlowly = Callable[[], Awaitable[Iterable[Metric]]]


class _OneFamily:
    """What `generate_latest` needs of a registry."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family


class Exposition:
    """Renders the metrics of a registry, and those that have to be waited for."""

    def __init__(self, registry: CollectorRegistry, *, timeout_s: float = _TIMEOUT_S) -> None:
        """`timeout_s`: the seconds that each source gets."""
        self._registry = registry
        self._timeout_s = timeout_s
        self._sources: dict[str, ReadSlowly] = {}
        self._failing: set[str] = set()
        self._rendering: asyncio.Task[bytes] | None = None

    def add_source(self, name: str, read: ReadSlowly) -> None:
        """Have `read` return metrics for each scrape. Where it raises DcvdError or OSError, they are absent."""
        self._sources[name] = read

    async def render(self) -> bytes:
        """Render the metrics as they are now. Scrapes that come while one is rendered get the same."""
        if self._rendering is None:
            self._rendering = asyncio.create_task(self._render(), name="metrics.render")
            self._rendering.add_done_callback(self._forget)
        return await asyncio.shield(self._rendering)

    async def close(self) -> None:
        """End a scrape that is being rendered."""
        if self._rendering is not None:
            self._rendering.cancel()
            await asyncio.wait([self._rendering])

    def _forget(self, task: "asyncio.Task[bytes]") -> None:
        self._rendering = None
        if not task.cancelled():
            task.exception()  # whoever waits for it gets it; nobody may, after a disconnect

    async def _render(self) -> bytes:
        tasks = [
            asyncio.create_task(self._read(name, read), name=f"metrics.{name}") for name, read in self._sources.items()
        ]
        results = await asyncio.gather(*tasks)
        up: dict[LabelValues, float] = {
            (name,): float(found is not None) for name, found in zip(self._sources, results, strict=True)
        }
        found = [metric for metrics in results if metrics is not None for metric in metrics]
        texts: list[bytes] = []
        for family in chain(self._registry.collect(), found, [daemon.SOURCE_UP.build(up)]):
            texts.append(generate_latest(_OneFamily(family)))
            # The text of all of them takes milliseconds, for which nobody else has to wait.
            await asyncio.sleep(0)
        return b"".join(texts)

    async def _read(self, name: str, read: ReadSlowly) -> list[Metric] | None:
        try:
            async with asyncio.timeout(self._timeout_s):
                metrics = list(await read())
        except (DcvdError, OSError) as error:  # TimeoutError is an OSError
            if name not in self._failing:
                self._failing.add(name)
                log.warning("metrics.source_failed", source=name, error=str(error) or type(error).__name__)
            return None
        if name in self._failing:
            self._failing.discard(name)
            log.info("metrics.source_recovered", source=name)
        return metrics
