"""Cloudflare's budget, the API token and the zone as metrics."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric

from dcvd.core.domains.saas_zone import ZoneFaultCode
from dcvd.core.instants import to_seconds
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.metrics.catalogue import cloudflare

CLOUDFLARE: Final = (
    cloudflare.REQUESTS_LEFT,
    cloudflare.REQUEST_LIMIT,
    cloudflare.CERTIFICATES_LEFT,
    cloudflare.PAUSE,
    cloudflare.CALLS_WAITING,
    cloudflare.TOKEN_VALID,
    cloudflare.TOKEN_CHECKED,
    cloudflare.ZONE_FAULTS,
    cloudflare.HOSTNAMES,
    cloudflare.HOSTNAMES_ALLOWED,
)


def show_cloudflare(client: CloudflareClient) -> Iterator[Metric]:
    """Yield the metrics of what is known of Cloudflare."""
    budget, watch = client.budget.report(), client.zone_watch
    yield cloudflare.REQUESTS_LEFT.build_single(budget.requests_left)
    yield cloudflare.REQUEST_LIMIT.build_single(budget.requests_limit or None)
    yield cloudflare.CERTIFICATES_LEFT.build_single(budget.certificates_left)
    yield cloudflare.PAUSE.build_single(budget.pause_s)
    yield cloudflare.CALLS_WAITING.build({(each,): count for each, count in client.budget.count_waiting().items()})
    yield cloudflare.TOKEN_VALID.build_single(watch.is_token_valid)
    yield cloudflare.TOKEN_CHECKED.build_single(
        None if watch.token_checked_at is None else to_seconds(watch.token_checked_at)
    )
    present = {fault.code for fault in watch.zone.faults}
    yield cloudflare.ZONE_FAULTS.build({(code,): code in present for code in ZoneFaultCode})
    usage = watch.zone.usage
    yield cloudflare.HOSTNAMES.build_single(None if usage is None else usage.used)
    yield cloudflare.HOSTNAMES_ALLOWED.build_single(None if usage is None else usage.allowed)
