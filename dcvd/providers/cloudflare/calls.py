"""Call Cloudflare's DNS API with a customer's token."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.wire import CloudflareEnvelope, read_envelope
from dcvd.errors import Permanent
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.cloudflare.faults import to_error, unexpected_answer
from dcvd.providers.cloudflare.wire import read_account, read_id, read_records, read_zones, to_body

_MAX_ANSWER_BYTES: Final = 512 * 1024
_ZONES_PER_PAGE: Final = 50
_RECORDS_PER_PAGE: Final = 100
_MAX_PAGES: Final = 5
_RECORDS_PATH: Final = "/zones/{zone_id}/dns_records"
_RECORD_PATH: Final = f"{_RECORDS_PATH}/{{dns_record_id}}"


class CloudflareDnsApi:
    """Cloudflare's DNS API. Each method makes one call, except `list_records`, and raises a RemoteError."""

    def __init__(self, fetcher: Fetcher, base_url: str, token: Secret, *, max_pages: int = _MAX_PAGES) -> None:
        self._fetcher = fetcher
        self._base_url = base_url
        self._token = token
        self._max_pages = max_pages

    async def verify_token(self) -> str:
        """Return the status of a user's API token. Raises Unauthorized for other kinds of token, even valid ones."""
        result = (await self._call("GET", "/user/tokens/verify")).result
        return str(result.get("status")) if isinstance(result, dict) else ""

    async def find_account(self) -> str | None:
        """Return the name of the account whose zones the token reaches; None if there is not exactly one."""
        envelope = await self._call("GET", "/zones", query={"per_page": str(_ZONES_PER_PAGE)})
        return read_account(envelope.result)

    async def list_zones(self, name: str) -> list[Zone]:
        """List the zones of exactly this name, without those that moved away."""
        envelope = await self._call("GET", "/zones", query={"name": name, "per_page": str(_ZONES_PER_PAGE)})
        return read_zones(envelope.result, name)

    async def list_records(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """List all records at exactly this name, from every page."""
        records: list[ZoneRecord] = []
        for page in range(1, self._max_pages + 1):
            query = {"name.exact": name, "per_page": str(_RECORDS_PER_PAGE), "page": str(page)}
            envelope = await self._call("GET", _RECORDS_PATH, zone=zone, query=query)
            page_records = read_records(envelope.result, name)
            records += page_records
            if not page_records or (envelope.total_pages is not None and page >= envelope.total_pages):
                return records
        most = self._max_pages * _RECORDS_PER_PAGE
        raise Permanent(f"There are more than {most} records at {name}, more than dcvd reads.", code="too_many_records")

    async def create_record(self, zone: Zone, record: ZoneRecord) -> str:
        """Create a record and return its id."""
        record_id = read_id((await self._call("POST", _RECORDS_PATH, zone=zone, body=to_body(record))).result)
        if record_id is None:
            raise unexpected_answer("Cloudflare's answer to the creation of a record names no id.")
        return record_id

    async def overwrite_record(self, zone: Zone, record_id: str, record: ZoneRecord) -> None:
        """Replace the record of this id completely by another."""
        await self._call("PUT", _RECORD_PATH, zone=zone, record_id=record_id, body=to_body(record))

    async def delete_record(self, zone: Zone, record_id: str) -> None:
        """Delete a record. Raises Permanent (see `is_gone`) if there is none."""
        await self._call("DELETE", _RECORD_PATH, zone=zone, record_id=record_id)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        zone: Zone | None = None,
        record_id: str = "",
        query: Mapping[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> CloudflareEnvelope:
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url_path = path.replace("{zone_id}", zone.id if zone else "").replace("{dns_record_id}", record_id)
        answer = await self._fetcher.send(
            method,
            f"{self._base_url}{url_path}{f'?{urlencode(query)}' if query else ''}",
            headers=headers,
            body=None if body is None else msgspec.json.encode(body),
            max_bytes=_MAX_ANSWER_BYTES,
        )
        envelope = read_envelope(answer.body)
        if 200 <= answer.status < 300 and envelope is not None and envelope.success:
            return envelope
        raise to_error(method, path, answer.status, envelope, answer.retry_after_s)
