"""Read and change DNS records at Cloudflare."""

from collections.abc import Sequence
from typing import Final

import structlog

from dcvd.core.domains.hostnames import is_within, registrable_domain
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.core.text import make_printable, shorten
from dcvd.errors import Permanent, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.cloudflare.calls import CloudflareDnsApi, list_zone_candidates
from dcvd.providers.cloudflare.faults import CONFLICT, is_gone
from dcvd.providers.cloudflare.wire import is_same_record

log = structlog.get_logger(__name__)

_MOST_LABELS: Final = 8
"""The most names that are looked up as zones: nobody delegates deeper, and a name may have over a hundred labels."""
_MAX_SHOWN: Final = 100


class CloudflareRecords:
    """Cloudflare's driver; it takes an API token or an OAuth access token."""

    def __init__(self, fetcher: Fetcher, base_url: str, token: Secret) -> None:
        self._api = CloudflareDnsApi(fetcher, base_url, token)

    async def check_credentials(self) -> str | None:
        """Return the account's name. The list of zones decides: Cloudflare verifies only API tokens of users."""
        try:
            status = await self._api.verify_token()
        except (Unauthorized, Permanent) as error:
            log.debug("cloudflare.token_not_verifiable", code=error.code)
        else:
            if status != "active":
                raise Unauthorized(
                    f"Cloudflare says that this API token is {make_printable(status)[:20]}; create another.",
                    code="provider_unauthorized",
                )
        return await self._api.find_account()

    async def find_zone(self, name: str) -> Zone | None:
        """Return the nearest active zone, else the nearest one that is not active yet.

        What is written to a zone that is not active does not appear in DNS until its registrar delegates to Cloudflare.
        """
        inactive: Zone | None = None
        for candidate in list(list_zone_candidates(name, registrable_domain(name)))[-_MOST_LABELS:]:
            for listed in await self._api.list_zones(candidate):
                if listed.status == "active":
                    return listed.zone
                if inactive is None and listed.status in ("pending", "initializing"):
                    inactive = listed.zone
        if inactive is not None:
            log.warning("cloudflare.zone_not_active", zone=inactive.name)
        return inactive

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        return await self._api.list_records(zone, name)

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Overwrite a CNAME by a CNAME in one call; replace all else one by one, and put it back if that fails midway.

        Raises Permanent `record_conflict` if another record is in the way, or if a record to be removed was changed
        since it was read.
        """
        names = {record.name for record in (*remove, *add)}
        if not names:
            return
        (name,) = names  # callers change one name at a time
        if not is_within(name, zone.name):
            raise Permanent(f"{name} is not in the zone {zone.name}.", code="provider_refused")
        present = {record.id: record for record in await self._api.list_records(zone, name)}
        old = [_check_unchanged(record, present[record.id]) for record in remove if record.id in present]
        new = [
            record for record in add if not _is_among(record, [each for each in present.values() if each not in old])
        ]
        if len(old) == len(new) == 1 and old[0].type == new[0].type == "CNAME":
            await self._overwrite(zone, old[0], new[0])
        else:
            await self._replace_one_by_one(zone, name, old, new)

    async def _overwrite(self, zone: Zone, old: ZoneRecord, new: ZoneRecord) -> None:
        try:
            await self._api.overwrite_record(zone, _require_id(old), new)
        except RemoteError as error:
            if not await self._has_record(zone, new, error):
                raise await self._explain_conflict(zone, new, error) from error

    async def _replace_one_by_one(
        self, zone: Zone, name: str, old: Sequence[ZoneRecord], new: Sequence[ZoneRecord]
    ) -> None:
        removed: list[ZoneRecord] = []
        try:
            for record in old:
                await self._delete(zone, record)
                removed.append(record)
            for record in new:
                await self._create(zone, record)
        except RemoteError as error:
            if not removed:
                raise
            raise await self._put_back(zone, name, removed, new, error) from error

    async def _delete(self, zone: Zone, record: ZoneRecord) -> None:
        try:
            await self._api.delete_record(zone, _require_id(record))
        except Permanent as error:
            if not is_gone(error):
                raise
        except Retryable as error:
            present = await self._read_after_failure(zone, record.name, error)
            if present is None or any(each.id == record.id for each in present):
                raise

    async def _create(self, zone: Zone, record: ZoneRecord) -> None:
        try:
            await self._api.create_record(zone, record)
        except RemoteError as error:
            if not await self._has_record(zone, record, error):
                raise await self._explain_conflict(zone, record, error) from error

    async def _put_back(
        self, zone: Zone, name: str, records: Sequence[ZoneRecord], new: Sequence[ZoneRecord], error: RemoteError
    ) -> RemoteError:
        """Restore the removed records, and return the error to raise, which says whether that worked.

        None of `new` existed before, so those of them that exist now are ours to delete.
        """
        try:
            present = await self._api.list_records(zone, name)
            for record in present:
                if _is_among(record, new):
                    await self._api.delete_record(zone, _require_id(record))
            for record in records:
                if not _is_among(record, present):
                    await self._api.create_record(zone, record)
        except RemoteError as second:
            lost = "; ".join(map(_format_record, records))
            log.error("cloudflare.records_not_put_back", zone=zone.name, name=name, code=second.code)  # noqa: TRY400  # the frames of a call hold its token
            return _extend_error(error, f"What stood at {name} before could not be put back: {lost}. {second.message}")
        log.warning("cloudflare.records_put_back", zone=zone.name, name=name, records=len(records))
        return _extend_error(error, f"What stood at {name} before was put back.")

    async def _has_record(self, zone: Zone, record: ZoneRecord, error: RemoteError) -> bool:
        """Whether the record exists although its call failed: the answer was lost, or it reported a conflict."""
        if isinstance(error, Retryable) or error.code == CONFLICT:
            present = await self._read_after_failure(zone, record.name, error)
            return present is not None and _is_among(record, present)
        return False

    async def _read_after_failure(self, zone: Zone, name: str, error: RemoteError) -> list[ZoneRecord] | None:
        """Return the records that exist now; None if they cannot be read either."""
        try:
            return await self._api.list_records(zone, name)
        except RemoteError as second:
            log.info("cloudflare.outcome_unknown", zone=zone.name, name=name, code=error.code, second=second.code)
            return None

    async def _explain_conflict(self, zone: Zone, record: ZoneRecord, error: RemoteError) -> RemoteError:
        """Add to a conflict which records are in the way; return every other error unchanged."""
        if error.code != CONFLICT:
            return error
        present = await self._read_after_failure(zone, record.name, error) or []
        return (
            _extend_error(error, f"At {record.name} stands: {'; '.join(map(_format_record, present[:5]))}.")
            if present
            else error
        )


def _check_unchanged(record: ZoneRecord, current: ZoneRecord) -> ZoneRecord:
    """Return the current record, which is the form to restore. Raises Permanent if it was changed."""
    if is_same_record(record, current):
        return current
    message = (
        f"{_format_record(record)} at {record.name} was changed meanwhile, to {_format_record(current)}, "
        "and is left as it is."
    )
    raise Permanent(message, code=CONFLICT)


def _is_among(record: ZoneRecord, records: Sequence[ZoneRecord]) -> bool:
    return any(is_same_record(record, each) for each in records)


def _require_id(record: ZoneRecord) -> str:
    assert record.id is not None, "a record that was read has an id"
    return record.id


def _format_record(record: ZoneRecord) -> str:
    value = make_printable(record.value)
    return f"{record.type} {shorten(value, _MAX_SHOWN)}"


def _extend_error(error: RemoteError, sentence: str) -> RemoteError:
    """Return an error of the same kind with one more sentence."""
    message = f"{error.message} {sentence}"
    match error:
        case Retryable():
            return Retryable(message, code=error.code, retry_after_s=error.retry_after_s)
        case Permanent():
            return Permanent(message, code=error.code, http_status=error.http_status, remote_code=error.remote_code)
        case Unauthorized():
            return Unauthorized(message, code=error.code)
        case _:
            return RemoteError(message, code=error.code)
