"""DNS records as somebody types them at their provider, and the provider itself, as JSON."""

from collections.abc import Iterable

from msgspec import Struct

from dcvd.core.dns.provider_table import DnsProvider
from dcvd.core.domains.domain import LeftoverRecord, Record, RecordPurpose, RequiredRecord
from dcvd.core.domains.typed_records import RECORD_TTL, add_final_dot, find_place
from dcvd.core.sentences.rendering import Language, render
from dcvd.http.answers.views import build_view


class PlacedRecordView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A DNS record, and where it is typed."""

    type: str
    name: str
    fqdn: str
    zone: str
    host: str


class RecordView(PlacedRecordView, frozen=True, kw_only=True, rename="camel"):
    """A DNS record, as somebody types it at their provider.

    `host`: its name as most providers' forms want it, without the `zone`: `app`, or `@` for the zone's own name.
    `valueWithDot`: the value for providers that append the zone to a value without a final dot.
    """

    value: str
    value_with_dot: str
    ttl: int


class RequiredRecordView(PlacedRecordView, frozen=True, kw_only=True, rename="camel"):
    """A DNS record that the customer has to create, as they type it, and whether it was found.

    `possible`: false where the provider of the zone has no such record; `note` says then what to do instead.
    """

    value: str | None
    value_with_dot: str | None
    ttl: int
    purpose: RecordPurpose
    verified: bool
    possible: bool
    note: str | None


class LeftRecordView(PlacedRecordView, frozen=True, kw_only=True, rename="camel"):
    """A DNS record that should be removed with its domain.

    `writtenByUs`: dcvd wrote it through a connection. `beingRemoved`: a job removes it, if it is still as written.
    """

    value: str
    written_by_us: bool
    being_removed: bool


class ZoneProviderView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The company that runs the zone, as its name servers show.

    `recordsPage`: where in its dashboard records are typed. `nameField`, `valueField`: its words for the two fields of
    a record. What is not known is null.
    """

    name: str
    url: str | None
    records_page: str
    name_field: str | None
    value_field: str | None


def record_view(record: Record, zone: str) -> RecordView:
    """Show a record of a domain in this zone."""
    # Member by member, as below: answers are full of records, and to copy the members by their names takes thrice.
    place = find_place(record.name, zone)
    return RecordView(
        type=record.type,
        name=record.name,
        fqdn=place.fqdn,
        zone=place.zone,
        host=place.host,
        value=record.value,
        value_with_dot=add_final_dot(record.type, record.value),
        ttl=RECORD_TTL,
    )


def required_record_views(
    records: Iterable[RequiredRecord], zone: str, language: Language = "en"
) -> list[RequiredRecordView]:
    """Show records that the customer has to have in DNS, of a domain in this zone."""
    return [_required_record_view(record, zone, language) for record in records]


def _required_record_view(record: RequiredRecord, zone: str, language: Language) -> RequiredRecordView:
    place = find_place(record.name, zone)
    return RequiredRecordView(
        type=record.type,
        name=record.name,
        fqdn=place.fqdn,
        zone=place.zone,
        host=place.host,
        value=record.value,
        value_with_dot=None if record.value is None else add_final_dot(record.type, record.value),
        ttl=RECORD_TTL,
        purpose=record.purpose,
        verified=record.is_verified,
        possible=record.is_possible,
        note=None if record.note is None else render((record.note,), language),
    )


def left_record_views(records: Iterable[LeftoverRecord]) -> list[LeftRecordView]:
    """Show the records that should be removed from DNS."""
    return [_left_record_view(record) for record in records]


def _left_record_view(record: LeftoverRecord) -> LeftRecordView:
    place = find_place(record.name, record.zone)
    return build_view(LeftRecordView, record, fqdn=place.fqdn, zone=place.zone, host=place.host)


def zone_provider_view(provider: DnsProvider | None) -> ZoneProviderView | None:
    """Show who runs a zone."""
    return None if provider is None else build_view(ZoneProviderView, provider)
