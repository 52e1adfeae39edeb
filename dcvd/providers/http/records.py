"""Read and change records through a described API, which creates and deletes them one at a time."""

from functools import partial
from typing import Any

import structlog
from msgspec.structs import replace

from dcvd.config.http_api_section import HttpApiDescription, required_keys
from dcvd.core.dns.hostnames import to_a_labels
from dcvd.core.http.json_members import get_member
from dcvd.core.http.request_templates import fill_path, find_placeholders
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import NotConfigured, Permanent
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.http.calls import HttpDnsApi
from dcvd.providers.http.wire import build_creation_body, path_values, read_identifier, read_record
from dcvd.providers.owner_names import OwnerName, find_nearest_zone, locate_owner, zone_candidates
from dcvd.providers.provider_text import sanitize
from dcvd.providers.record_provider import DEADLINE_S
from dcvd.providers.stepwise_provider import ChangeStep, StepwiseProvider

log = structlog.get_logger(__name__)


class HttpRecords(StepwiseProvider):
    """The driver for a described API; it takes a bearer token."""

    def __init__(
        self,
        fetcher: Fetcher,
        base_url: str,
        description: HttpApiDescription,
        token: Secret,
        *,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """Raises NotConfigured if the description is incomplete."""
        missing = [f"providers.http.{key}" for key in required_keys(description) if not getattr(description, key)]
        if not base_url:
            missing.append("providers.other.api_base_url")
        if missing:
            raise NotConfigured(f"{missing[0]} is not set, so nothing can be written with this connection.")
        self._description = description
        self._token = token
        self._api = HttpDnsApi(fetcher, base_url, description, token)
        super().__init__(self._api.host, deadline_s=deadline_s)
        self._account: str | None = None

    async def _check_credentials(self) -> str | None:
        """Return the account's name; make no call if the description has no `check_path`."""
        if not self._description.check_path:
            return None
        document = await self._fetch_account()
        name = get_member(document, self._description.account_name) if self._description.account_name else None
        return sanitize(name, (self._token,)) or None

    async def _find_zone(self, name: str) -> Zone | None:
        """Find the zone, with the servers that its NS records name where the API shows these."""
        zone = await self._find_described_zone(name)
        if zone is None:
            return None
        try:
            records = await self._read(locate_owner(zone, zone.name))
        except Permanent as error:
            log.warning("records.name_servers_not_read", provider=self.title, zone=zone.name, error=error.message)
            return zone
        return replace(zone, nameservers=tuple(to_a_labels(each.value) for each in records if each.type == "NS"))

    async def _find_described_zone(self, name: str) -> Zone | None:
        """Find the zone by its path or in the list of all zones, as the description says."""
        activity = f"the search for the zone of {name}"
        account = await self._get_account_id()
        if "zone" in find_placeholders(self._description.zone_path):
            return await find_nearest_zone(name, partial(self._fetch_zone, account, activity))
        path = fill_path(self._description.zone_path, {"account": account})
        zones = await self._find_listed_zones(path, frozenset(zone_candidates(name)), activity)
        return max(zones.values(), key=lambda zone: len(zone.name), default=None)

    async def _read(self, owner: OwnerName) -> list[ZoneRecord]:
        activity = f"the question for the records of {owner.name}"
        path = await self._fill_path(self._description.records_path, owner)
        records: list[ZoneRecord] = []
        async for document in self._api.fetch_pages(path, activity):
            for entry in self._read_entries(document, self._description.records, activity):
                try:
                    record = read_record(entry, owner, self._description)
                except ValueError as error:
                    raise self._api.unexpected_answer(activity) from error
                if record is not None:
                    records.append(record)
        return records

    async def _make_step(self, owner: OwnerName, step: ChangeStep) -> None:
        for record in step.removed:
            path = await self._fill_path(self._description.delete_path, owner, type=record.type, id=str(record.id))
            answer = await self._api.send(self._description.delete_method, path)
            if answer.status not in (404, 410):  # then the record is gone already
                self._api.check_success(answer, f"removing the {record.type} record of {owner.name}")
        for record in step.added:
            path = await self._fill_path(self._description.create_path, owner, type=record.type)
            body = build_creation_body(record, owner, self._description, await self._get_account_id())
            answer = await self._api.send(self._description.create_method, path, body)
            self._api.check_success(answer, f"creating the {record.type} record of {owner.name}")

    async def _fetch_zone(self, account: str, activity: str, candidate: str) -> Zone | None:
        path = fill_path(self._description.zone_path, {"account": account, "zone": candidate})
        if self._description.zones:
            return (await self._find_listed_zones(path, frozenset({candidate}), activity)).get(candidate)
        answer = await self._api.send("GET", path)
        if answer.status == 404:
            return None
        zone = self._read_zone(self._api.read_document(answer, activity), activity)
        if zone.name != candidate:
            raise self._api.unexpected_answer(activity)
        return zone

    async def _find_listed_zones(self, path: str, names: frozenset[str], activity: str) -> dict[str, Zone]:
        result: dict[str, Zone] = {}
        async for document in self._api.fetch_pages(path, activity):
            zones = (
                self._read_zone(entry, activity)
                for entry in self._read_entries(document, self._description.zones, activity)
            )
            result |= {zone.name: zone for zone in zones if zone.name in names}
        return result

    def _read_zone(self, entry: Any, activity: str) -> Zone:
        name = get_member(entry, self._description.zone_name)
        zone_id = read_identifier(get_member(entry, self._description.zone_id)) if self._description.zone_id else ""
        if not isinstance(name, str) or zone_id is None:
            raise self._api.unexpected_answer(activity)
        zone = Zone(id=zone_id, name=to_a_labels(name))
        return zone if zone_id else replace(zone, id=zone.name)

    def _read_entries(self, document: Any, path: str, activity: str) -> list[Any]:
        entries = get_member(document, path)
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self._api.unexpected_answer(activity)
        return entries

    async def _fill_path(self, template: str, owner: OwnerName, **values: str) -> str:
        return fill_path(template, path_values(owner, self._description, await self._get_account_id()) | values)

    async def _get_account_id(self) -> str:
        """Return the value of {account}, which is fetched once; "" if the description does not use it."""
        if not self._description.account_id:
            return ""
        if self._account is None:
            self._account = read_identifier(get_member(await self._fetch_account(), self._description.account_id))
        if self._account is None:
            raise self._api.unexpected_answer("the question for the account")
        return self._account

    async def _fetch_account(self) -> Any:
        answer = await self._api.send("GET", self._description.check_path)
        return self._api.read_document(answer, "the check of the token")
