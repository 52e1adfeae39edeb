"""Traces for OpenTelemetry, where the operator wants them: what took how long, and as part of what."""

from dcvd.kit.tracing.spans import TRACING, Span

__all__ = ["TRACING", "Span"]
