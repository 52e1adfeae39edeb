"""Records that are created and deleted one at a time."""

from collections.abc import Sequence
from typing import Any, Final

import structlog
from msgspec.structs import replace

from dcvd.config.oauth_http import OauthOtherHttp, needed
from dcvd.core.json_members import member
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.request_templates import fill_path, placeholders
from dcvd.core.secret import Secret
from dcvd.errors import Permanent, RemoteError, Retryable, Unauthorized, Unavailable
from dcvd.kit.http.fetch import Fetched, Fetcher, FetchFailed
from dcvd.providers.deadline import deadline
from dcvd.providers.http.calls import HttpCalls
from dcvd.providers.http.wire import created, identifier, path_values, read_record
from dcvd.providers.owner_names import Place, place_of, zone_candidates
from dcvd.providers.provider_text import said

log = structlog.get_logger(__name__)

_DEADLINE: Final = 60.0
_MOST: Final = 100
"""Records at one name."""


class HttpRecords:
    """With a bearer token."""

    def __init__(self, fetcher: Fetcher, base_url: str, described: OauthOtherHttp, token: Secret) -> None:
        """Raises Unavailable where the description lacks what it needs."""
        missing = [f"oauth.other.http.{key}" for key in needed(described) if not getattr(described, key)]
        if not base_url:
            missing.append("oauth.other.api_base_url")
        if missing:
            raise Unavailable(f"{missing[0]} is not set, so nothing can be written with this connection.")
        self._described = described
        self._token = token
        self._calls = HttpCalls(fetcher, base_url, described, token)
        self._account: str | None = None

    async def check(self) -> str | None:
        """Without a `check_path` nothing is asked."""
        if not self._described.check_path:
            return None
        async with deadline(_DEADLINE, f"The check of the token at {self._calls.host}"):
            document = await self._whoami()
        name = member(document, self._described.account_name) if self._described.account_name else None
        return said(name, (self._token,)) or None

    async def find_zone(self, name: str) -> Zone | None:
        """By its path, or in the list of all, as it is described."""
        doing = f"the search for the zone of {name}"
        candidates = zone_candidates(name)
        async with deadline(_DEADLINE, f"The search for the zone of {name} at {self._calls.host}"):
            account = await self._account_id()
            if "zone" not in placeholders(self._described.zone_path):
                path = fill_path(self._described.zone_path, {"account": account})
                held = await self._listed(path, frozenset(candidates), doing)
                return next((held[candidate] for candidate in candidates if candidate in held), None)
            for candidate in candidates:
                path = fill_path(self._described.zone_path, {"account": account, "zone": candidate})
                if (zone := await self._zone(path, candidate, doing)) is not None:
                    return zone
        return None

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """Whatever the list of records has at this name."""
        place = place_of(zone, name)
        async with deadline(_DEADLINE, f"Reading {name} at {self._calls.host}"):
            return await self._read(place)

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """First what goes, then what comes, because few providers take a CNAME beside others. Where one is refused,
        the name gets back what it had; who was cancelled calls again.
        """
        names = {record.name for record in (*remove, *add)}
        if not names:
            return
        if len(names) > 1 or any(identifier(record.id) is None for record in remove):
            raise Permanent("Only records that were read can be removed, all of one name.", code="provider_refused")
        place = place_of(zone, names.pop())
        begun = 0
        try:
            async with deadline(_DEADLINE, f"Changing {place.name} at {self._calls.host}"):
                await self._account_id()
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
        self, place: Place, removed: Sequence[ZoneRecord], added: Sequence[ZoneRecord], error: RemoteError
    ) -> None:
        """After a failure. Raises Retryable or Unauthorized, from that failure, where it does not work."""
        log.warning("http_records.putting_back", name=place.name, host=self._calls.host, why=error.code)
        before = {(record.type, record.value) for record in removed}
        ours = {(record.type, record.value) for record in added} - before
        try:
            async with deadline(_DEADLINE, f"Putting back {place.name} at {self._calls.host}"):
                now = await self._read(place)
                for record in now:
                    if (record.type, record.value) in ours:
                        await self._delete(place, record)
                there = {(record.type, record.value) for record in now}
                for record in removed:
                    if (record.type, record.value) not in there:
                        await self._create(place, record)
        except RemoteError as second:
            lost = ", ".join(f"{record.type} {record.value}" for record in removed) or "none"
            log.error("http_records.not_put_back", name=place.name, records=lost, why=second.code)  # noqa: TRY400  # told below
            message = (
                f"{error.message} The records that {place.name} had before could not be put back: {lost}. "
                f"{second.message}"
            )
            if isinstance(second, Unauthorized):
                raise Unauthorized(message, code=second.code) from error  # so that it is called again with newer ones
            raise Retryable(message, code="provider_half_done") from error

    async def _read(self, place: Place) -> list[ZoneRecord]:
        doing = f"the question for the records of {place.name}"
        path = await self._path(self._described.records_path, place)
        found: list[ZoneRecord] = []
        async for document in self._calls.pages(path, doing):
            for entry in self._entries(document, self._described.records, doing):
                try:
                    record = read_record(entry, place, self._described)
                except ValueError as error:
                    raise self._calls.unexpected(doing) from error
                if record is not None:
                    found.append(record)
            if len(found) > _MOST:
                raise Permanent(f"{place.name} has more than {_MOST} records at {self._calls.host}; remove some there.")
        return found

    async def _delete(self, place: Place, record: ZoneRecord) -> None:
        path = await self._path(self._described.delete_path, place, type=record.type, id=str(record.id))
        answer = await self._answered(self._described.delete_method, path)
        if answer is None:
            answer = await self._calls.send(self._described.delete_method, path)
        if answer.status not in (404, 410):  # else it is gone already
            self._calls.expect(answer, f"removing the {record.type} record of {place.name}")

    async def _create(self, place: Place, record: ZoneRecord) -> None:
        path = await self._path(self._described.create_path, place, type=record.type)
        body = created(record, place, self._described, await self._account_id())
        answer = await self._answered(self._described.create_method, path, body)
        if answer is not None:
            self._calls.expect(answer, f"creating the {record.type} record of {place.name}")
        elif not any((now.type, now.value) == (record.type, record.value) for now in await self._read(place)):
            # A second one might make two.
            raise Retryable(
                f"{self._calls.host} did not answer whether it created the {record.type} record of {place.name}, and "
                "it is not there; it is tried again.",
                code="provider_unavailable",
            )

    async def _answered(self, method: str, path: str, body: object = None) -> Fetched | None:
        """None where nobody knows whether it was done."""
        try:
            answer = await self._calls.send(method, path, body)
        except FetchFailed as error:
            if error.sent:
                return None
            raise
        return answer if answer.status < 500 else None

    async def _zone(self, path: str, candidate: str, doing: str) -> Zone | None:
        if self._described.zones:
            return (await self._listed(path, frozenset({candidate}), doing)).get(candidate)
        answer = await self._calls.send("GET", path)
        if answer.status == 404:
            return None
        zone = self._zone_of(self._calls.read(answer, doing), doing)
        if zone.name != candidate:
            raise self._calls.unexpected(doing)
        return zone

    async def _listed(self, path: str, wanted: frozenset[str], doing: str) -> dict[str, Zone]:
        held: dict[str, Zone] = {}
        async for document in self._calls.pages(path, doing):
            zones = (self._zone_of(entry, doing) for entry in self._entries(document, self._described.zones, doing))
            held |= {zone.name: zone for zone in zones if zone.name in wanted}
        return held

    def _zone_of(self, entry: Any, doing: str) -> Zone:
        name = member(entry, self._described.zone_name)
        known = identifier(member(entry, self._described.zone_id)) if self._described.zone_id else ""
        if not isinstance(name, str) or known is None:
            raise self._calls.unexpected(doing)
        zone = Zone(id=known, name=name.lower().removesuffix("."))
        return zone if known else replace(zone, id=zone.name)

    def _entries(self, document: Any, path: str, doing: str) -> list[Any]:
        entries = member(document, path)
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self._calls.unexpected(doing)
        return entries

    async def _path(self, template: str, place: Place, **more: str) -> str:
        return fill_path(template, path_values(place, self._described, await self._account_id()) | more)

    async def _account_id(self) -> str:
        """What {account} stands for, asked for once; "" where nothing needs it."""
        if not self._described.account_id:
            return ""
        if self._account is None:
            self._account = identifier(member(await self._whoami(), self._described.account_id))
        if self._account is None:
            raise self._calls.unexpected("the question for the account")
        return self._account

    async def _whoami(self) -> Any:
        return await self._calls.document(self._described.check_path, "the check of the token")
