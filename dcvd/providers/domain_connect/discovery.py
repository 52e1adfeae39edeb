"""Which DNS provider has a customer's zone, and whether it takes our template (Domain Connect).

The zone is its owner's, and so are the addresses that it names: they are called through the guard alone, and nothing
secret goes there.
"""

from http import HTTPStatus
from typing import Final

import structlog
from msgspec import Struct

from dcvd.core.records.domain_connect import template_path
from dcvd.core.records.domain_connect_settings import ProviderSettings, api_prefix, read_settings
from dcvd.dns.checks.zone_reader import Zones
from dcvd.errors import NotFound, Retryable
from dcvd.kit.http.fetch import Fetched, Fetcher, FetchFailed, FetchRefused

log = structlog.get_logger(__name__)

LABEL: Final = "_domainconnect"
"""Below the apex of a zone, where its provider has a TXT record."""
_SECONDS: Final = 5.0
_MOST: Final = 64 * 1024


class Discovered(Struct, frozen=True, kw_only=True):
    """A zone and the provider that has it."""

    zone: str
    provider: ProviderSettings


class Discovery:
    """`fetcher` is one with a policy."""

    def __init__(self, zones: Zones, fetcher: Fetcher) -> None:
        self._zones = zones
        self._fetcher = fetcher

    async def provider_of(self, hostname: str) -> Discovered:
        """Raises NotFound (`domain_connect_not_found`) where the provider does not speak Domain Connect, or says that
        it does and does not; Retryable where DNS or the provider gives no answer now."""
        zone = await self._zones.apex(hostname)
        if zone is None:
            raise _not_found(f"The domain of {hostname} is not registered.")
        prefix = api_prefix(await self._zones.texts(f"{LABEL}.{zone}"))
        if prefix is None:
            raise _not_found(f"The DNS provider of {zone} does not offer Domain Connect.")
        answer = await self._get(f"https://{prefix}/v2/{zone}/settings", zone)
        if answer is None or answer.status != HTTPStatus.OK:
            raise _not_found(f"{zone} names a Domain Connect service that does not have the zone.")
        try:
            provider = read_settings(answer.body)
        except ValueError as error:
            log.info("domain_connect.settings_unreadable", zone=zone, reason=str(error))
            raise _not_found(f"The Domain Connect service of {zone} answers what cannot be used: {error}.") from error
        return Discovered(zone=zone, provider=provider)

    async def has_template(self, found: Discovered, provider_id: str, service_id: str) -> bool:
        """Whether the provider takes our template. Raises Retryable where it does not say."""
        url = f"{found.provider.api_url}{template_path(provider_id, service_id)}"
        answer = await self._get(url, found.zone)
        return answer is not None and answer.status == HTTPStatus.OK

    async def _get(self, url: str, zone: str) -> Fetched | None:
        """None where there is nobody to be asked: a stale record, or an address that may not be called. Which of them,
        the tenant is not told, lest he explore networks that we are in."""
        try:
            answer = await self._fetcher.send("GET", url, timeout=_SECONDS, most=_MOST)
        except (FetchRefused, FetchFailed) as error:
            log.info("domain_connect.no_answer", zone=zone, reason=error.message)
            if isinstance(error, FetchFailed) and error.sent:
                raise _no_answer(zone) from error
            return None
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise _no_answer(zone)
        return answer


def _no_answer(zone: str) -> Retryable:
    return Retryable(
        f"The Domain Connect service of {zone} gave no usable answer; try again.", code="provider_unavailable"
    )


def _not_found(message: str) -> NotFound:
    return NotFound(f"{message} Have the record created by hand.", code="domain_connect_not_found")
