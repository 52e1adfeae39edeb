"""Find the DNS provider of a customer's zone, and whether it takes our template (Domain Connect).

The zone's owner chooses the addresses that the zone names, so they are called only through the egress guard, and no
secret is sent to them.
"""

from http import HTTPStatus
from typing import Final

import structlog
from msgspec import Struct

from dcvd.core.records.domain_connect import template_path
from dcvd.core.records.domain_connect_settings import ProviderSettings, read_api_prefixes, read_settings
from dcvd.core.sentences.wording import SaidSentences, word, word_all
from dcvd.dns.checks.zone_reader import ZoneReader
from dcvd.errors import NotFound, Retryable
from dcvd.kit.http.fetch import FetchFailed, FetchRefused, FetchResponse
from dcvd.kit.http.guarded_fetch import GuardedFetcher

log = structlog.get_logger(__name__)

DISCOVERY_LABEL: Final = "_domainconnect"
"""The label below a zone's apex at which its provider has a TXT record."""
_TIMEOUT_S: Final = 5.0
_MAX_NAMESERVERS: Final = 8
_MAX_ANSWER_BYTES: Final = 64 * 1024


class DiscoveredProvider(Struct, frozen=True, kw_only=True):
    """A zone and the settings of its DNS provider."""

    zone: str
    provider: ProviderSettings


class DomainConnectDiscovery:
    """Looks up providers on behalf of an organization, whose zones name the addresses that are called."""

    def __init__(self, zones: ZoneReader, fetcher: GuardedFetcher, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._zones = zones
        self._timeout_s = timeout_s
        self._fetcher = fetcher

    async def discover_provider(self, org_id: str, hostname: str) -> DiscoveredProvider:
        """Return the zone of a hostname and its provider.

        Where the zone names several services, the first is the provider's that has the zone. Raises NotFound
        (`domain_connect_not_found`) if none does, or if the zone names none; Retryable if DNS or one of them does not
        answer now.
        """
        zone = await self._zones.find_apex(hostname)
        if zone is None:
            raise _not_found_error(word("discovery_unregistered", hostname=hostname))
        prefixes = read_api_prefixes(await self._zones.read_texts(f"{DISCOVERY_LABEL}.{zone}"))
        if not prefixes:
            raise _not_found_error(word("discovery_not_offered", zone=zone))
        failures: list[NotFound | Retryable] = []
        for prefix in prefixes:
            try:
                provider = await self._read_provider(org_id, zone, prefix, self._timeout_s / len(prefixes))
            except (NotFound, Retryable) as error:
                log.info("domain_connect.service_unusable", zone=zone, prefix=prefix, reason=error.message)
                failures.append(error)
            else:
                return DiscoveredProvider(zone=zone, provider=provider)
        raise next((failure for failure in failures if isinstance(failure, Retryable)), failures[0])

    async def _read_provider(self, org_id: str, zone: str, prefix: str, timeout_s: float) -> ProviderSettings:
        answer = await self._get(f"https://{prefix}/v2/{zone}/settings", zone, org_id, timeout_s)
        if answer is None or answer.status != HTTPStatus.OK:
            raise _not_found_error(word("discovery_without_zone", zone=zone))
        try:
            provider = read_settings(answer.body)
        except ValueError as error:
            raise _not_found_error(word("discovery_unusable", zone=zone, reason=str(error))) from error
        if provider.nameservers:
            nameservers = await self._zones.read_nameservers(zone)
            if nameservers and provider.nameservers.isdisjoint(nameservers):
                names = ", ".join(nameservers[:_MAX_NAMESERVERS])
                raise _not_found_error(word("discovery_other_servers", zone=zone, names=names))
        return provider

    async def has_template(self, org_id: str, discovery: DiscoveredProvider, provider_id: str, service_id: str) -> bool:
        """Whether the provider takes our template. Raises Retryable if it does not answer."""
        url = f"{discovery.provider.api_url}{template_path(provider_id, service_id)}"
        answer = await self._get(url, discovery.zone, org_id, self._timeout_s)
        return answer is not None and answer.status == HTTPStatus.OK

    async def _get(self, url: str, zone: str, org_id: str, timeout_s: float) -> FetchResponse | None:
        """Return the answer; None if nobody can be asked: the record is stale, or the address may not be called.

        The tenant does not learn which of the two it is, because they could explore our networks by it.
        """
        try:
            answer = await self._fetcher.get(url, owner=org_id, timeout_s=timeout_s, max_bytes=_MAX_ANSWER_BYTES)
        except (FetchRefused, FetchFailed) as error:
            log.info("domain_connect.no_answer", zone=zone, reason=error.message)
            if isinstance(error, FetchFailed) and (error.may_have_arrived or error.is_own_fault):
                raise _no_answer_error(zone) from error
            return None
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise _no_answer_error(zone)
        return answer


def _no_answer_error(zone: str) -> Retryable:
    return Retryable(
        f"The Domain Connect service of {zone} gave no usable answer; try again.", code="provider_unavailable"
    )


def _not_found_error(reason: SaidSentences) -> NotFound:
    return NotFound(word_all((reason, word("by_hand"))), code="domain_connect_not_found")
