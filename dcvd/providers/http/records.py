"""Records that are created and deleted one at a time."""

from collections.abc import Sequence
from typing import Any, Final

import structlog
from msgspec.structs import replace

from dcvd.config.oauth_http_section import HttpApiDescription, required_keys
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
"""Records at one name."""


class HttpRecords:
    """With a bearer token."""

    def __init__(self, fetcher: Fetcher, base_url: str, description: HttpApiDescription, token: Secret) -> None:
        """Raises Unavailable where the description lacks what it needs."""
        missing = [f"oauth.other.http.{key}" for key in required_keys(description) if not getattr(description, key)]
        if not base_url:
            missing.append("oauth.other.api_base_url")
        if missing:
            raise NotConfigured(f"{missing[0]} is not set, so nothing can be written with this connection.")
        self._description = description
        self._token = token
        self._api = HttpDnsApi(fetcher, base_url, description, token)
        self._account: str | None = None

    async def check_credentials(self) -> str | None:
        """Without a `check_path` nothing is asked."""
        if not self._description.check_path:
            return None
        async with limit_duration(_DEADLINE_S, f"The check of the token at {self._api.host}"):
            document = await self._fetch_account()
        name = get_member(document, self._description.account_name) if self._description.account_name else None
        return sanitize(name, (self._token,)) or None

    async def find_zone(self, name: str) -> Zone | None:
        """By its path, or in the list of all, as it is described."""
        doing = f"the search for the zone of {name}"
        candidates = zone_candidates(name)
        async with limit_duration(_DEADLINE_S, f"The search for the zone of {name} at {self._api.host}"):
            account = await self._get_account_id()
            if "zone" not in find_placeholders(self._description.zone_path):
                path = fill_path(self._description.zone_path, {"account": account})
                held = await self._find_listed_zones(path, frozenset(candidates), doing)
                return next((held[candidate] for candidate in candidates if candidate in held), None)
            for candidate in candidates:
                path = fill_path(self._description.zone_path, {"account": account, "zone": candidate})
                if (zone := await self._fetch_zone(path, candidate, doing)) is not None:
                    return zone
        return None

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """Whatever the list of records has at this name."""
        place = locate_owner(zone, name)
        async with limit_duration(_DEADLINE_S, f"Reading {name} at {self._api.host}"):
            return await self._read(place)

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """First what goes, then what comes, because few providers take a CNAME beside others. Where one is refused,
        the name gets back what it had; who was cancelled calls again.
        """
        names = {record.name for record in (*remove, *add)}
        if not names:
            return
        if len(names) > 1 or any(read_identifier(record.id) is None for record in remove):
            raise Permanent("Only records that were read can be removed, all of one name.", code="provider_refused")
        place = locate_owner(zone, names.pop())
        begun = 0
        try:
            async with limit_duration(_DEADLINE_S, f"Changing {place.name} at {self._api.host}"):
                await self._get_account_id()
                for record in remove:
                    begun += 1
                    await self._delete(place, record)
                for record in add:
                    begun += 1
                    await self._create(place, record)
        except RemoteError as error:
            if begun > 1 or (begun and isinstance(error, Retryable)):
                await self._put_back(place, remove, add, error)
            raise

    async def _put_back(
        self, owner: OwnerName, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord], error: RemoteError
    ) -> None:
        """After a failure. Raises Retryable or Unauthorized, from that failure, where it does not work."""
        log.warning("http_records.putting_back", name=owner.name, host=self._api.host, why=error.code)
        before = {(record.type, record.value) for record in remove}
        ours = {(record.type, record.value) for record in add} - before
        try:
            async with limit_duration(_DEADLINE_S, f"Putting back {owner.name} at {self._api.host}"):
                now = await self._read(owner)
                for record in now:
                    if (record.type, record.value) in ours:
                        await self._delete(owner, record)
                there = {(record.type, record.value) for record in now}
                for record in remove:
                    if (record.type, record.value) not in there:
                        await self._create(owner, record)
        except RemoteError as second:
            lost = ", ".join(f"{record.type} {record.value}" for record in remove) or "none"
            log.error("http_records.not_put_back", name=owner.name, records=lost, why=second.code)  # noqa: TRY400  # told below
            message = (
                f"{error.message} The records that {owner.name} had before could not be put back: {lost}. "
                f"{second.message}"
            )
            if isinstance(second, Unauthorized):
                raise Unauthorized(message, code=second.code) from error  # so that it is called again with newer ones
            raise Retryable(message, code="provider_half_done") from error

    async def _read(self, owner: OwnerName) -> list[ZoneRecord]:
        doing = f"the question for the records of {owner.name}"
        path = await self._fill_path(self._description.records_path, owner)
        found: list[ZoneRecord] = []
        async for document in self._api.fetch_pages(path, doing):
            for entry in self._read_entries(document, self._description.records, doing):
                try:
                    record = read_record(entry, owner, self._description)
                except ValueError as error:
                    raise self._api.unexpected_answer(doing) from error
                if record is not None:
                    found.append(record)
            if len(found) > _MAX_RECORDS:
                raise Permanent(
                    f"{owner.name} has more than {_MAX_RECORDS} records at {self._api.host}; remove some there."
                )
        return found

    async def _delete(self, owner: OwnerName, record: ZoneRecord) -> None:
        path = await self._fill_path(self._description.delete_path, owner, type=record.type, id=str(record.id))
        answer = await self._try_call(self._description.delete_method, path)
        if answer is None:
            answer = await self._api.send(self._description.delete_method, path)
        if answer.status not in (404, 410):  # else it is gone already
            self._api.check_success(answer, f"removing the {record.type} record of {owner.name}")

    async def _create(self, owner: OwnerName, record: ZoneRecord) -> None:
        path = await self._fill_path(self._description.create_path, owner, type=record.type)
        body = build_creation_body(record, owner, self._description, await self._get_account_id())
        answer = await self._try_call(self._description.create_method, path, body)
        if answer is not None:
            self._api.check_success(answer, f"creating the {record.type} record of {owner.name}")
        elif not any((now.type, now.value) == (record.type, record.value) for now in await self._read(owner)):
            # A second one might make two.
            raise Retryable(
                f"{self._api.host} did not answer whether it created the {record.type} record of {owner.name}, and "
                "it is not there; it is tried again.",
                code="provider_unavailable",
            )

    async def _try_call(self, method: str, path: str, body: object = None) -> FetchResponse | None:
        """None where nobody knows whether it was done."""
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
        held: dict[str, Zone] = {}
        async for document in self._api.fetch_pages(path, activity):
            zones = (
                self._read_zone(entry, activity)
                for entry in self._read_entries(document, self._description.zones, activity)
            )
            held |= {zone.name: zone for zone in zones if zone.name in names}
        return held

    def _read_zone(self, entry: Any, activity: str) -> Zone:
        name = get_member(entry, self._description.zone_name)
        known = read_identifier(get_member(entry, self._description.zone_id)) if self._description.zone_id else ""
        if not isinstance(name, str) or known is None:
            raise self._api.unexpected_answer(activity)
        zone = Zone(id=known, name=name.lower().removesuffix("."))
        return zone if known else replace(zone, id=zone.name)

    def _read_entries(self, document: Any, path: str, activity: str) -> list[Any]:
        entries = get_member(document, path)
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self._api.unexpected_answer(activity)
        return entries

    async def _fill_path(self, template: str, owner: OwnerName, **values: str) -> str:
        return fill_path(template, path_values(owner, self._description, await self._get_account_id()) | values)

    async def _get_account_id(self) -> str:
        """What {account} stands for, asked for once; "" where nothing needs it."""
        if not self._description.account_id:
            return ""
        if self._account is None:
            self._account = read_identifier(get_member(await self._fetch_account(), self._description.account_id))
        if self._account is None:
            raise self._api.unexpected_answer("the question for the account")
        return self._account

    async def _fetch_account(self) -> Any:
        return await self._api.fetch_document(self._description.check_path, "the check of the token")
