"""Traces of the daemon: begun with it, and ended last, so that its own stop is in them."""

from typing import Final

import structlog

from dcvd.config import Config
from dcvd.kit.tracing import TRACING
from dcvd.kit.tracing.installation import NOT_INSTALLED, build_recorder, is_installed

log = structlog.get_logger(__name__)

_STOP_TIMEOUT_S: Final = 1.0
"""Seconds for which the last spans are sent; what a collector does not take in them is lost."""


def start_tracing(config: Config) -> None:
    """Begin to record spans, where there is a collector. What goes wrong is logged: no daemon stays away for it."""
    tracing = config.tracing
    if not tracing.otlp_endpoint:
        return
    if not is_installed():
        log.error("traces.not_started", error=NOT_INSTALLED)
        return
    try:
        recorder = build_recorder(
            tracing.otlp_endpoint, sample_ratio=tracing.sample_ratio, headers=tracing.read_headers()
        )
    except Exception:
        log.exception("traces.not_started")
        return
    TRACING.start(recorder)
    log.info("traces.started", endpoint=tracing.otlp_endpoint, sample_ratio=tracing.sample_ratio)


async def stop_tracing() -> None:
    """Send the last spans, and end."""
    if not await TRACING.stop(_STOP_TIMEOUT_S):
        log.warning("traces.spans_lost", deadline_s=_STOP_TIMEOUT_S)
