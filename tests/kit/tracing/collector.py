"""A collector that takes OTLP over HTTP, in protobuf, on loopback."""

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.waiting import until

OK, ERROR = 0, 2


class Collector:
    """Keeps the spans that it gets. `refuse`: the status with which it takes none."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Span] = []
        self.resources: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.raw: list[bytes] = []
        self.refuse: int | None = None
        self.hold: Callable[[], Awaitable[object]] | None = None

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def children(self, parent: Span) -> list[Span]:
        return [span for span in self.spans if span.parent_span_id == parent.span_id]

    async def gets(self, name: str, count: int = 1) -> list[Span]:
        """Wait until so many spans of a name have come."""

        async def got() -> bool:
            return len(self.named(name)) >= count

        await until(got)
        return self.named(name)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.hold is not None:
            await self.hold()
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if self.refuse is not None:
            return web.Response(status=self.refuse)
        if request.headers.get("Content-Encoding") == "gzip" and body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.raw.append(body)
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append(dict(_read(resource_spans.resource.attributes)))
            for scope_spans in resource_spans.scope_spans:
                self.spans += scope_spans.spans
        return web.Response()


def attributes(span: Span) -> dict[str, Any]:
    return dict(_read(span.attributes))


def _read(pairs: Any) -> Iterator[tuple[str, Any]]:
    for pair in pairs:
        kind = pair.value.WhichOneof("value")
        yield pair.key, getattr(pair.value, kind)


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector on a free port of loopback."""
    found = Collector()
    application = web.Application(client_max_size=1 << 26)
    application.router.add_post("/v1/traces", found.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        await runner.cleanup()
