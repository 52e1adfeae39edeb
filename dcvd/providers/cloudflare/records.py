"""DNS records at Cloudflare."""

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
"""How many names are asked for as zones: nobody delegates deeper, and a name may have over a hundred labels."""
_MAX_SHOWN: Final = 100


class CloudflareRecords:
    """With an API token, or an access token of OAuth."""

    def __init__(self, fetcher: Fetcher, base_url: str, token: Secret) -> None:
        self._api = CloudflareDnsApi(fetcher, base_url, token)

    async def check_credentials(self) -> str | None:
        """The list of zones decides: Cloudflare verifies API tokens of users alone."""
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
        """The nearest active one. One that its registrar does not lead to is taken where there is none else: what is
        written there is not in DNS yet."""
        waiting: Zone | None = None
        for candidate in list(list_zone_candidates(name, registrable_domain(name)))[-_MOST_LABELS:]:
            for seen in await self._api.list_zones(candidate):
                if seen.status == "active":
                    return seen.zone
                if waiting is None and seen.status in ("pending", "initializing"):
                    waiting = seen.zone
        if waiting is not None:
            log.warning("cloudflare.zone_not_active", zone=waiting.name)
        return waiting

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        return await self._api.list_records(zone, name)

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """In one call where a CNAME takes the place of a CNAME; else one by one, and where that fails in the middle
        what was taken out is put back. Raises Permanent `record_conflict` where something else is in the way, or what
        is to be taken out was changed since it was read."""
        names = {record.name for record in (*remove, *add)}
        if not names:
            return
        (name,) = names  # the caller's promise
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
        """The error to raise, which says what became of the records that were taken out.

        None of `new` stood there before, so whatever of it stands there now is ours to take out.
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
        """Whether the record stands although its call failed: its answer was lost, or it says that it exists."""
        if isinstance(error, Retryable) or error.code == CONFLICT:
            present = await self._read_after_failure(zone, record.name, error)
            return present is not None and _is_among(record, present)
        return False

    async def _read_after_failure(self, zone: Zone, name: str, error: RemoteError) -> list[ZoneRecord] | None:
        """What stands there now; None where that cannot be learned either."""
        try:
            return await self._api.list_records(zone, name)
        except RemoteError as second:
            log.info("cloudflare.outcome_unknown", zone=zone.name, name=name, code=error.code, second=second.code)
            return None

    async def _explain_conflict(self, zone: Zone, record: ZoneRecord, error: RemoteError) -> RemoteError:
        """A conflict says what is in the way."""
        if error.code != CONFLICT:
            return error
        present = await self._read_after_failure(zone, record.name, error) or []
        return (
            _extend_error(error, f"At {record.name} stands: {'; '.join(map(_format_record, present[:5]))}.")
            if present
            else error
        )


def _check_unchanged(record: ZoneRecord, current: ZoneRecord) -> ZoneRecord:
    """What stands there, whose form is the one to restore."""
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
    assert record.id is not None, "it was read from Cloudflare"
    return record.id


def _format_record(record: ZoneRecord) -> str:
    value = make_printable(record.value)
    return f"{record.type} {shorten(value, _MAX_SHOWN)}"


def _extend_error(error: RemoteError, sentence: str) -> RemoteError:
    """An error of the same kind that says more."""
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
