"""DNS records at Cloudflare."""

from collections.abc import Sequence
from typing import Final

import structlog

from dcvd.core.domains.hostnames import registrable
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.core.text import printable
from dcvd.errors import Permanent, RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.cloudflare.calls import Calls, parents
from dcvd.providers.cloudflare.faults import CONFLICT, is_gone
from dcvd.providers.cloudflare.wire import same

log = structlog.get_logger(__name__)

_MOST_LABELS: Final = 8
"""How many names are asked for as zones: nobody delegates deeper, and a name may have over a hundred labels."""
_LONGEST_SHOWN: Final = 100


class CloudflareRecords:
    """With an API token, or an access token of OAuth."""

    def __init__(self, fetcher: Fetcher, base_url: str, token: Secret) -> None:
        self._calls = Calls(fetcher, base_url, token)

    async def check(self) -> str | None:
        """The list of zones decides: Cloudflare verifies API tokens of users alone."""
        try:
            status = await self._calls.token_status()
        except (Unauthorized, Permanent) as error:
            log.debug("cloudflare.token_not_verifiable", code=error.code)
        else:
            if status != "active":
                raise Unauthorized(
                    f"Cloudflare says that this API token is {printable(status)[:20]}; create another.",
                    code="provider_unauthorized",
                )
        return await self._calls.account()

    async def find_zone(self, name: str) -> Zone | None:
        """The nearest active one. One that its registrar does not lead to is taken where there is none else: what is
        written there is not in DNS yet."""
        waiting: Zone | None = None
        for candidate in list(parents(name, registrable(name)))[-_MOST_LABELS:]:
            for seen in await self._calls.zones(candidate):
                if seen.status == "active":
                    return seen.zone
                if waiting is None and seen.status in ("pending", "initializing"):
                    waiting = seen.zone
        if waiting is not None:
            log.warning("cloudflare.zone_not_active", zone=waiting.name)
        return waiting

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        return await self._calls.records(zone, name)

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """In one call where a CNAME takes the place of a CNAME; else one by one, and where that fails in the middle
        what was taken out is put back. Raises Permanent `record_conflict` where something else is in the way, or what
        is to be taken out was changed since it was read."""
        names = {record.name for record in (*remove, *add)}
        if not names:
            return
        (name,) = names  # the caller's promise
        if name != zone.name and not name.endswith(f".{zone.name}"):
            raise Permanent(f"{name} is not in the zone {zone.name}.", code="provider_refused")
        present = {record.id: record for record in await self._calls.records(zone, name)}
        old = [_unchanged(record, present[record.id]) for record in remove if record.id in present]
        new = [record for record in add if not _stands(record, [each for each in present.values() if each not in old])]
        if len(old) == len(new) == 1 and old[0].type == new[0].type == "CNAME":
            await self._overwrite(zone, old[0], new[0])
        else:
            await self._exchange(zone, name, old, new)

    async def _overwrite(self, zone: Zone, old: ZoneRecord, new: ZoneRecord) -> None:
        try:
            await self._calls.overwrite(zone, _id(old), new)
        except RemoteError as error:
            if not await self._holds(zone, new, error):
                raise await self._explained(zone, new, error) from error

    async def _exchange(self, zone: Zone, name: str, old: Sequence[ZoneRecord], new: Sequence[ZoneRecord]) -> None:
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
            await self._calls.delete(zone, _id(record))
        except Permanent as error:
            if not is_gone(error):
                raise
        except Retryable as error:
            present = await self._seen_after(zone, record.name, error)
            if present is None or any(each.id == record.id for each in present):
                raise

    async def _create(self, zone: Zone, record: ZoneRecord) -> None:
        try:
            await self._calls.create(zone, record)
        except RemoteError as error:
            if not await self._holds(zone, record, error):
                raise await self._explained(zone, record, error) from error

    async def _put_back(
        self, zone: Zone, name: str, removed: Sequence[ZoneRecord], new: Sequence[ZoneRecord], error: RemoteError
    ) -> RemoteError:
        """The error to raise, which says what became of the records that were taken out.

        None of `new` stood there before, so whatever of it stands there now is ours to take out.
        """
        try:
            present = await self._calls.records(zone, name)
            for record in present:
                if _stands(record, new):
                    await self._calls.delete(zone, _id(record))
            for record in removed:
                if not _stands(record, present):
                    await self._calls.create(zone, record)
        except RemoteError as second:
            lost = "; ".join(map(_shown, removed))
            log.error("cloudflare.records_not_put_back", zone=zone.name, name=name, code=second.code)  # noqa: TRY400  # the frames of a call hold its token
            return _saying(error, f"What stood at {name} before could not be put back: {lost}. {second.message}")
        log.warning("cloudflare.records_put_back", zone=zone.name, name=name, records=len(removed))
        return _saying(error, f"What stood at {name} before was put back.")

    async def _holds(self, zone: Zone, record: ZoneRecord, error: RemoteError) -> bool:
        """Whether the record stands although its call failed: its answer was lost, or it says that it exists."""
        if isinstance(error, Retryable) or error.code == CONFLICT:
            present = await self._seen_after(zone, record.name, error)
            return present is not None and _stands(record, present)
        return False

    async def _seen_after(self, zone: Zone, name: str, error: RemoteError) -> list[ZoneRecord] | None:
        """What stands there now; None where that cannot be learned either."""
        try:
            return await self._calls.records(zone, name)
        except RemoteError as second:
            log.info("cloudflare.outcome_unknown", zone=zone.name, name=name, code=error.code, second=second.code)
            return None

    async def _explained(self, zone: Zone, record: ZoneRecord, error: RemoteError) -> RemoteError:
        """A conflict says what is in the way."""
        if error.code != CONFLICT:
            return error
        present = await self._seen_after(zone, record.name, error) or []
        return _saying(error, f"At {record.name} stands: {'; '.join(map(_shown, present[:5]))}.") if present else error


def _unchanged(record: ZoneRecord, present: ZoneRecord) -> ZoneRecord:
    """What stands there, whose form is the one to restore."""
    if same(record, present):
        return present
    message = f"{_shown(record)} at {record.name} was changed meanwhile, to {_shown(present)}, and is left as it is."
    raise Permanent(message, code=CONFLICT)


def _stands(record: ZoneRecord, present: Sequence[ZoneRecord]) -> bool:
    return any(same(record, each) for each in present)


def _id(record: ZoneRecord) -> str:
    assert record.id is not None, "it was read from Cloudflare"
    return record.id


def _shown(record: ZoneRecord) -> str:
    value = printable(record.value)
    return f"{record.type} {value if len(value) <= _LONGEST_SHOWN else f'{value[:_LONGEST_SHOWN]}…'}"


def _saying(error: RemoteError, more: str) -> RemoteError:
    """An error of the same kind that says more."""
    message = f"{error.message} {more}"
    match error:
        case Retryable():
            return Retryable(message, code=error.code, retry_after=error.retry_after)
        case Permanent():
            return Permanent(message, code=error.code, http_status=error.http_status, remote_code=error.remote_code)
        case Unauthorized():
            return Unauthorized(message, code=error.code)
        case _:
            return RemoteError(message, code=error.code)
