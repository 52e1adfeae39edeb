"""Records spans by OpenTelemetry, and sends them by OTLP over HTTP. Only `dcvd[otel]` has what this imports."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind as OtelKind
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dcvd import __version__
from dcvd.errors import DcvdError
from dcvd.kit.tracing.spans import AttributeValue, Span, SpanKind

_PATH: Final = "/v1/traces"
_MAX_WAITING_SPANS: Final = 4_096
"""Spans that wait for the collector; further ones are dropped."""
_MAX_BATCH: Final = 512
_PAUSE_MS: Final = 2_000
_TIMEOUT_S: Final = 5.0
_KINDS: Final[Mapping[SpanKind, OtelKind]] = {
    "internal": OtelKind.INTERNAL,
    "server": OtelKind.SERVER,
    "client": OtelKind.CLIENT,
}


class OtlpRecorder:
    """Records a share of all traces, and sends them in batches."""

    def __init__(self, endpoint: str, *, sample_ratio: float = 1.0, headers: Mapping[str, str] | None = None) -> None:
        """`endpoint`: the collector's URL, without the path of traces. headers: for the collector.

        sample_ratio: the share of traces that is recorded, 0 to 1.
        """
        self._exporter = _Exporter(endpoint=endpoint + _PATH, headers=dict(headers or {}), timeout=_TIMEOUT_S)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(sample_ratio)),
            resource=Resource.create({"service.name": "dcvd", "service.version": __version__}),
            shutdown_on_exit=False,  # Whoever started it stops it, within a deadline.
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter,
                max_queue_size=_MAX_WAITING_SPANS,
                max_export_batch_size=_MAX_BATCH,
                schedule_delay_millis=_PAUSE_MS,
            )
        )
        self._tracer = self._provider.get_tracer("dcvd", __version__)

    def start(self, name: str, kind: SpanKind) -> Span:
        """Begin a span, below the one that is open in this context."""
        return _OtlpSpan(self._tracer.start_span(name, kind=_KINDS[kind]))

    def close(self) -> None:
        """Send what has been taken, and end."""
        self._provider.shutdown()

    def give_up(self) -> None:
        """Drop what waits, so that the thread that sends it ends."""
        self._exporter.shutdown()


class _Exporter(OTLPSpanExporter):
    """Says nothing of what comes after its end, which is dropped."""

    _has_ended = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.FAILURE if self._has_ended else super().export(spans)

    def shutdown(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            super().shutdown()  # type: ignore[no-untyped-call]  # OpenTelemetry's


class _OtlpSpan:
    """A span of OpenTelemetry's."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._token: object | None = None

    def __enter__(self) -> Span:
        self._token = otel_context.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if error is not None:
            # Not its text, which may hold names, nor its traceback.
            self.fail(error.code if isinstance(error, DcvdError) else type(error).__name__)
        if self._token is not None:
            otel_context.detach(self._token)  # type: ignore[arg-type]
        with suppress(Exception):
            self._span.end()

    def rename(self, name: str, /) -> None:
        """Give it another name."""
        self._span.update_name(name)

    def set(self, name: str, value: AttributeValue | None, /) -> None:
        """Set an attribute."""
        if value is not None:
            self._span.set_attribute(name, value)

    def fail(self, kind: str, /) -> None:
        """Say that it failed."""
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))

    def link(self, traceparent: str, /) -> None:
        """Link it to a span of somebody else's, if that is well-formed."""
        found = TraceContextTextMapPropagator().extract({"traceparent": traceparent}, Context())
        remote = trace.get_current_span(found).get_span_context()
        if remote.is_valid:
            self._span.add_link(remote)
