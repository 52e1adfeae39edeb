"""Whether OpenTelemetry is installed, which only `dcvd[otel]` brings."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, cast

from dcvd.kit.tracing.spans import SpanRecorder

NOT_INSTALLED: Final = "tracing.otlp_endpoint needs OpenTelemetry: pip install 'dcvd[otel]'."
_NEEDED: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


def is_installed() -> bool:
    """Whether all of it is there."""
    try:
        return all(find_spec(name) is not None for name in _NEEDED)
    except ModuleNotFoundError:  # of a package above it
        return False


def build_recorder(endpoint: str, *, sample_ratio: float, headers: Mapping[str, str]) -> SpanRecorder:
    """Build what records spans. It may raise whatever OpenTelemetry raises for what cannot be used."""
    module: Any = import_module("dcvd.kit.tracing.otlp")
    return cast("SpanRecorder", module.OtlpRecorder(endpoint, sample_ratio=sample_ratio, headers=headers))
