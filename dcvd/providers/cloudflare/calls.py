"""Calls of Cloudflare's API with a customer's token."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.wire import Envelope, read_envelope
from dcvd.errors import Permanent
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.cloudflare.faults import fault, unexpected
from dcvd.providers.cloudflare.wire import SeenZone, body_of, read_account, read_id, read_records, read_zones

_LARGEST_ANSWER: Final = 512 * 1024
_ZONES_A_PAGE: Final = 50
_RECORDS_A_PAGE: Final = 100
_MOST_PAGES: Final = 5
_RECORDS: Final = "/zones/{zone_id}/dns_records"
_RECORD: Final = f"{_RECORDS}/{{dns_record_id}}"


class Calls:
    """One call each, but for `records`. Raises the error tree's RemoteError."""

    def __init__(self, fetcher: Fetcher, base_url: str, token: Secret) -> None:
        self._fetcher = fetcher
        self._base_url = base_url
        self._token = token

    async def token_status(self) -> str:
        """Of an API token of a user's; Unauthorized for every other kind, good ones too."""
        result = (await self._call("GET", "/user/tokens/verify")).result
        return str(result.get("status")) if isinstance(result, dict) else ""

    async def account(self) -> str | None:
        """The one account whose zones the token reaches."""
        envelope = await self._call("GET", "/zones", query={"per_page": str(_ZONES_A_PAGE)})
        return read_account(envelope.result)

    async def zones(self, name: str) -> list[SeenZone]:
        """Those of exactly this name: one a customer may have, and another that another account lost or claims."""
        envelope = await self._call("GET", "/zones", query={"name": name, "per_page": str(_ZONES_A_PAGE)})
        return read_zones(envelope.result, name)

    async def records(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """All at exactly this name, of every page."""
        found: list[ZoneRecord] = []
        for page in range(1, _MOST_PAGES + 1):
            query = {"name.exact": name, "per_page": str(_RECORDS_A_PAGE), "page": str(page)}
            envelope = await self._call("GET", _RECORDS, zone=zone, query=query)
            read = read_records(envelope.result, name)
            found += read
            if not read or (envelope.total_pages is not None and page >= envelope.total_pages):
                return found
        most = _MOST_PAGES * _RECORDS_A_PAGE
        raise Permanent(f"There are more than {most} records at {name}, more than dcvd reads.", code="provider_refused")

    async def create(self, zone: Zone, record: ZoneRecord) -> str:
        """The new record's id."""
        record_id = read_id((await self._call("POST", _RECORDS, zone=zone, body=body_of(record))).result)
        if record_id is None:
            raise unexpected("Cloudflare's answer to the creation of a record names no id.")
        return record_id

    async def overwrite(self, zone: Zone, record_id: str, record: ZoneRecord) -> None:
        """The record of this id becomes that one, with nothing of what it was."""
        await self._call("PUT", _RECORD, zone=zone, record_id=record_id, body=body_of(record))

    async def delete(self, zone: Zone, record_id: str) -> None:
        """Permanent (see `is_gone`) where there is none."""
        await self._call("DELETE", _RECORD, zone=zone, record_id=record_id)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        zone: Zone | None = None,
        record_id: str = "",
        query: Mapping[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Envelope:
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        filled = path.replace("{zone_id}", zone.id if zone else "").replace("{dns_record_id}", record_id)
        answer = await self._fetcher.send(
            method,
            f"{self._base_url}{filled}{f'?{urlencode(query)}' if query else ''}",
            headers=headers,
            body=None if body is None else msgspec.json.encode(body),
            most=_LARGEST_ANSWER,
        )
        envelope = read_envelope(answer.body)
        if 200 <= answer.status < 300 and envelope is not None and envelope.success:
            return envelope
        raise fault(method, path, answer.status, envelope, answer.headers.get("retry-after"))


def parents(name: str, top: str) -> Iterator[str]:
    """The name, and every name above it up to `top`, that can be a zone's: without wildcards and underscores."""
    while name != top and name.endswith(f".{top}"):
        if not name.startswith(("*", "_")):
            yield name
        name = name.partition(".")[2]
    yield top
