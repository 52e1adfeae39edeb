"""Have a provider apply our template to a zone (Domain Connect's asynchronous flow).

Source: draft-ietf-dconn-domainconnect-async. The provider's address comes from the configuration and never from a
zone, because the token is sent there.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Struct

from dcvd.config import Config
from dcvd.core.domains.domain import CHALLENGE_LABEL, WILDCARD_LABEL, Record
from dcvd.core.http.exchanges import is_temporary
from dcvd.core.records.domain_connect import TemplateApplication, encode_query, prepare_application, template_path
from dcvd.core.records.domain_connect_settings import read_api_prefixes
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.dns.checks.zone_reader import ZoneReader
from dcvd.errors import Conflict, Permanent, RecordConflict, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import Fetcher, FetchResponse
from dcvd.providers.domain_connect.discovery import DISCOVERY_LABEL
from dcvd.providers.owner_names import OwnerName
from dcvd.providers.provider_text import sanitize
from dcvd.providers.record_provider import DEADLINE_S, AtomicProvider

_MAX_CONFLICTS_NAMED: Final = 3


class _ConflictingRecord(Struct):
    type: str = ""
    host: str = ""


class _ConflictAnswer(Struct):
    records: list[_ConflictingRecord] = []


class TemplateRecords(AtomicProvider):
    """Domain Connect's driver; it takes an access token.

    It differs from the others in that the protocol knows neither zones nor records: both are read from the zone's own
    name servers, and a change applies or reverts a template as a whole, so that nothing else can be put back by it.
    """

    def __init__(
        self, fetcher: Fetcher, config: Config, token: Secret, zones: ZoneReader, *, deadline_s: float = DEADLINE_S
    ) -> None:
        super().__init__("the DNS provider", deadline_s=deadline_s)
        self._fetcher = fetcher
        self._target = config.cloudflare.cname_target
        self._token = token
        self._zones = zones
        template = config.providers_domain_connect
        self._template = f"{template.provider_id}/{template.service_id}"
        path = template_path(template.provider_id, template.service_id)
        self._url = f"{config.providers_other.api_base_url}{path}"

    async def _check_credentials(self) -> str | None:
        """Check that the provider has the template; the protocol has no call that tries a token."""
        answer = await self._fetcher.send("GET", self._url)
        if answer.status != HTTPStatus.OK:
            raise self._to_error(answer)
        return None

    async def _find_zone(self, name: str) -> Zone | None:
        """Find the zone in DNS; None if its provider does not offer Domain Connect.

        If that provider is not the one that we call, applying the template fails.
        """
        zone = await self._zones.find_apex(name)
        if zone is None or not read_api_prefixes(await self._zones.read_texts(f"{DISCOVERY_LABEL}.{zone}")):
            return None
        return Zone(id=zone, name=zone)

    async def _read(self, owner: OwnerName) -> list[ZoneRecord]:
        """Return the records of the usual types."""
        return await self._zones.read_records(owner.name)

    async def _apply(self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Apply the template, or revert it if nothing is to be added.

        If `remove` names records too, the provider may remove whatever conflicts with the template. Reverting removes
        all records of a domain.
        """
        if add:
            application = self._build_application(owner.zone, add)
            await self._call("apply", {**application.to_parameters(), "force": "1" if remove else "0"})
        else:
            await self._revert(owner.zone, remove)

    async def _revert(self, zone: Zone, remove: Sequence[ZoneRecord]) -> None:
        applied = self._build_application(zone, remove)
        if "routing" not in applied.groups:
            hostname = remove[0].name.removeprefix(f"{CHALLENGE_LABEL}.").removeprefix(f"{WILDCARD_LABEL}.")
            if any(record.type == "CNAME" for record in await self._zones.read_records(hostname)):
                raise Permanent(
                    f"{remove[0].name} cannot be removed while {hostname} stays: the template is reverted as a whole.",
                    code="revert_not_supported",
                )
        await self._call("revert", {"domain": applied.zone, "host": applied.host})

    def _build_application(self, zone: Zone, records: Sequence[ZoneRecord]) -> TemplateApplication:
        template_records = [Record(record.type, record.name, record.value) for record in records]
        try:
            return prepare_application(template_records, zone=zone.name, target=self._target)
        except Conflict as error:
            raise Permanent(error.message, code=error.code) from error

    async def _call(self, verb: str, parameters: dict[str, str]) -> None:
        answer = await self._fetcher.send(
            "POST",
            f"{self._url}/{verb}?{encode_query(parameters)}",
            headers={"Authorization": f"Bearer {self._token.reveal()}"},
            body=b"",
        )
        if answer.status // 100 == HTTPStatus.OK // 100:
            return
        if verb == "revert" and answer.status == HTTPStatus.NOT_FOUND:
            return  # the template is not applied any more
        raise self._to_error(answer)

    def _to_error(self, answer: FetchResponse) -> RemoteError:
        match answer.status:
            case HTTPStatus.UNAUTHORIZED:
                return Unauthorized("The DNS provider refuses the access token.", code="provider_unauthorized")
            case HTTPStatus.CONFLICT:
                return RecordConflict(
                    f"The DNS provider will not apply the template over what is there{_format_conflicts(answer.body)}."
                )
            case HTTPStatus.NOT_FOUND:
                return Permanent(
                    f"The DNS provider does not have the zone, or not the template {self._template}.",
                    code="template_not_supported",
                    http_status=answer.status,
                )
            case HTTPStatus.NOT_IMPLEMENTED:
                return Permanent(
                    "The DNS provider cannot take out what a template set: remove the record by hand.",
                    code="revert_not_supported",
                    http_status=answer.status,
                )
            case status if is_temporary(status) or status == HTTPStatus.REQUEST_TIMEOUT:
                return Retryable(f"The DNS provider could not do it now (HTTP {status}).", code="provider_unavailable")
            case status:
                return Permanent(
                    f"The DNS provider refused to apply the template (HTTP {status}).",
                    code="provider_refused",
                    http_status=status,
                )


def _format_conflicts(body: bytes) -> str:
    """Name the first conflicting records, if the provider lists them; its text is cut and cleaned of markup."""
    try:
        records = msgspec.json.decode(body, type=_ConflictAnswer).records
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    names = [sanitize(f"{record.type} {record.host}") for record in records[:_MAX_CONFLICTS_NAMED]]
    return f": {', '.join(filter(None, names))}" if any(names) else ""
