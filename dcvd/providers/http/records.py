"""Read and change records through a described API, which creates and deletes them one at a time."""

from collections.abc import Sequence
from typing import Any, Final

import structlog
from msgspec.structs import replace

from dcvd.config.http_api_section import HttpApiDescription, required_keys
from dcvd.core.json_members import get_member
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.request_templates import fill_path, find_placeholders
from dcvd.core.secret import Secret
from dcvd.errors import NotConfigured, Permanent, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import Fetcher, FetchFailed, FetchResponse
from dcvd.providers.deadline import limit_duration
from dcvd.providers.http.calls import HttpDnsApi
from dcvd.providers.http.wire import build_creation_body, path_values, read_identifier, read_record
from dcvd.providers.owner_names import OwnerName, locate_owner, zone_candidates
from dcvd.providers.provider_text import sanitize

log = structlog.get_logger(__name__)

_DEADLINE_S: Final = 60.0
_MAX_RECORDS: Final = 100
"""The most records at one name."""


class HttpRecords:
    """The driver for a described API; it takes a bearer token."""

    def __init__(self, fetcher: Fetcher, base_url: str, description: HttpApiDescription, token: Secret) -> None:
        """Raises NotConfigured if the description is incomplete."""
        missing = [f"providers.http.{key}" for key in required_keys(description) if not getattr(description, key)]
        if not base_url:
            missing.append("providers.other.api_base_url")
        if missing:
            raise NotConfigured(f"{missing[0]} is not set, so nothing can be written with this connection.")
        self._description = description
        self._token = token
        self._api = HttpDnsApi(fetcher, base_url, description, token)
        self._account: str | None = None

    async def check_credentials(self) -> str | None:
        """Return the account's name; make no call if the description has no `check_path`."""
        if not self._description.check_path:
            return None
        async with limit_duration(_DEADLINE_S, f"The check of the token at {self._api.host}"):
            document = await self._fetch_account()
        name = get_member(document, self._description.account_name) if self._description.account_name else None
        return sanitize(name, (self._token,)) or None

    async def find_zone(self, name: str) -> Zone | None:
        """Find the zone by its path or in the list of all zones, as the description says."""
        activity = f"the search for the zone of {name}"
        candidates = zone_candidates(name)
        async with limit_duration(_DEADLINE_S, f"The search for the zone of {name} at {self._api.host}"):
            account = await self._get_account_id()
            if "zone" not in find_placeholders(self._description.zone_path):
                path = fill_path(self._description.zone_path, {"account": account})
                zones = await self._find_listed_zones(path, frozenset(candidates), activity)
                return next((zones[candidate] for candidate in candidates if candidate in zones), None)
            for candidate in candidates:
                path = fill_path(self._description.zone_path, {"account": account, "zone": candidate})
                if (zone := await self._fetch_zone(path, candidate, activity)) is not None:
                    return zone
        return None

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """Return all records of the list at this name."""
        owner = locate_owner(zone, name)
        async with limit_duration(_DEADLINE_S, f"Reading {name} at {self._api.host}"):
            return await self._read(owner)

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Remove records, then add records, because few providers take a CNAME beside other records.

        If a call is refused, the name gets its records back. A cancelled change puts nothing back: its caller repeats
        it.
        """
        names = {record.name for record in (*remove, *add)}
        if not names:
            return
        if len(names) > 1 or any(read_identifier(record.id) is None for record in remove):
            raise Permanent("Only records that were read can be removed, all of one name.", code="provider_refused")
        owner = locate_owner(zone, names.pop())
        started_count = 0
        try:
            async with limit_duration(_DEADLINE_S, f"Changing {owner.name} at {self._api.host}"):
                await self._get_account_id()
                for record in remove:
                    started_count += 1
                    await self._delete(owner, record)
                for record in add:
                    started_count += 1
                    await self._create(owner, record)
        except RemoteError as error:
            if started_count > 1 or (started_count and isinstance(error, Retryable)):
                await self._put_back(owner, remove, add, error)
            raise

    async def _put_back(
        self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord], error: RemoteError
    ) -> None:
        """Put back records after `error`. If that fails too, raise Retryable or Unauthorized from `error`."""
        log.warning("http_records.putting_back", name=owner.name, host=self._api.host, why=error.code)
        before = {(record.type, record.value) for record in remove}
        added = {(record.type, record.value) for record in add} - before
        try:
            async with limit_duration(_DEADLINE_S, f"Putting back {owner.name} at {self._api.host}"):
                current = await self._read(owner)
                for record in current:
                    if (record.type, record.value) in added:
                        await self._delete(owner, record)
                present = {(record.type, record.value) for record in current}
                for record in remove:
                    if (record.type, record.value) not in present:
                        await self._create(owner, record)
        except RemoteError as second:
            lost = ", ".join(f"{record.type} {record.value}" for record in remove) or "none"
            log.error("http_records.not_put_back", name=owner.name, records=lost, why=second.code)  # noqa: TRY400  # raised below
            message = (
                f"{error.message} The records that {owner.name} had before could not be put back: {lost}. "
                f"{second.message}"
            )
            if isinstance(second, Unauthorized):
                raise Unauthorized(message, code=second.code) from error  # the caller repeats it with new ones
            raise Retryable(message, code="provider_half_done") from error

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
            if len(records) > _MAX_RECORDS:
                raise Permanent(
                    f"{owner.name} has more than {_MAX_RECORDS} records at {self._api.host}; remove some there."
                )
        return records

    async def _delete(self, owner: OwnerName, record: ZoneRecord) -> None:
        path = await self._fill_path(self._description.delete_path, owner, type=record.type, id=str(record.id))
        answer = await self._try_call(self._description.delete_method, path)
        if answer is None:
            answer = await self._api.send(self._description.delete_method, path)
        if answer.status not in (404, 410):  # then the record is gone already
            self._api.check_success(answer, f"removing the {record.type} record of {owner.name}")

    async def _create(self, owner: OwnerName, record: ZoneRecord) -> None:
        path = await self._fill_path(self._description.create_path, owner, type=record.type)
        body = build_creation_body(record, owner, self._description, await self._get_account_id())
        answer = await self._try_call(self._description.create_method, path, body)
        if answer is not None:
            self._api.check_success(answer, f"creating the {record.type} record of {owner.name}")
        elif not any((each.type, each.value) == (record.type, record.value) for each in await self._read(owner)):
            # A second call here might create a second record.
            raise Retryable(
                f"{self._api.host} did not answer whether it created the {record.type} record of {owner.name}, and "
                "it is not there; it is tried again.",
                code="provider_unavailable",
            )

    async def _try_call(self, method: str, path: str, body: object = None) -> FetchResponse | None:
        """Return the answer; None if nobody knows whether the call was carried out."""
        try:
            answer = await self._api.send(method, path, body)
        except FetchFailed as error:
            if error.may_have_arrived:
                return None
            raise
        return answer if answer.status < 500 else None

    async def _fetch_zone(self, path: str, candidate: str, activity: str) -> Zone | None:
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
        zone = Zone(id=zone_id, name=name.lower().removesuffix("."))
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
        return await self._api.fetch_document(self._description.check_path, "the check of the token")
