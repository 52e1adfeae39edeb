"""Plans for writing a record into a zone, made by comparing the existing records with the record that is needed.

A CNAME stands alone at its name (RFC 1034 section 3.6.2), but for DNSSEC's records (RFC 4034 section 2.5).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from dcvd.core.dns.hostnames import is_within
from dcvd.core.domains.domain import Record
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.sentences.sentence import Sentence
from dcvd.core.sentences.wording import SaidSentences, word
from dcvd.core.text import shorten

StepState = Literal["done", "create", "replace", "blocked"]

RECORD_IN_THE_WAY: Final = "record_in_the_way"
"""The only obstacle that `replace` overcomes."""
CHANGED_SINCE_PLAN: Final = "changed_since_plan"
"""A record is in the way that stood there not yet when the write was planned."""
ZONE_NOT_FOUND: Final = "zone_not_found"
"""The name is in no zone that the connection holds."""

_TYPES_BESIDE_CNAME: Final = frozenset({"RRSIG", "NSEC", "NSEC3"})
_TYPES_EXCLUDING_FLATTENED_CNAME: Final = frozenset({"A", "AAAA", "CNAME", "DNAME"})
"""At a flattened apex only these types exclude a CNAME; the zone's SOA, NS, MX and TXT records stay."""
_MAIL_TYPE: Final = "MX"
_DELEGATING_TYPES: Final = frozenset({"NS", "DS", "SOA", "DNAME"})
"""Types that delegate the name, or the names below it, to somebody else: we never remove them."""
_MAX_RECORDS: Final = 50
_MAX_BYTES: Final = 32_768
"""Limits for the records that a step removes, because they are kept for the undo."""
_MAX_DESCRIBED: Final = 3
_MAX_VALUE_LENGTH: Final = 80


class Obstacle(Struct, frozen=True):
    """Why a record cannot be written: a stable code and sentences for a person."""

    code: str
    wording: SaidSentences

    @property
    def message(self) -> str:
        """The sentences in English."""
        return self.wording.english


class PlanStep(Struct, frozen=True, kw_only=True):
    """The step that writes one record: which records it removes and adds, and which exist at the name now."""

    record: Record
    state: StepState
    existing_records: tuple[ZoneRecord, ...] = ()
    to_remove: tuple[ZoneRecord, ...] = ()
    to_add: tuple[ZoneRecord, ...] = ()
    obstacle: Obstacle | None = None


class DnsPlan(Struct, frozen=True, kw_only=True):
    """The steps that write all records of a domain through one connection; `zone` is the name of the zone."""

    connection_id: str
    zone: str
    steps: tuple[PlanStep, ...]

    @property
    def replaceable(self) -> tuple[Record, ...]:
        """The records that the steps remove, in an order of their own."""
        records = {removed.record for step in self.steps for removed in step.to_remove}
        return tuple(sorted(records, key=astuple))

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """The obstacles of all steps, in the order of the steps."""
        return tuple(step.obstacle for step in self.steps if step.obstacle is not None)


def plan_record(
    record: Record,
    provider_records: Sequence[ZoneRecord],
    zone: Zone,
    *,
    replace: bool = False,
    replaceable: Collection[Record] | None = None,
    our_values: Collection[str] = (),
) -> PlanStep:
    """Plan the step that writes a CNAME into a zone; `provider_records` are the existing records at its name.

    replace: whether other records at the name may be removed. replaceable: those that may, if not all of them.
    our_values: values of this record that we wrote earlier; a CNAME with one of them is replaced even without
    `replace`.
    """
    existing = select_at_name(provider_records, record.name)
    obstacle = _permanent_obstacle(record, existing, zone)
    if obstacle is not None:
        return PlanStep(record=record, state="blocked", existing_records=existing, obstacle=obstacle)
    conflicting = tuple(each for each in select_conflicting(existing, zone) if not is_cname_to(each, {record.value}))
    exists = any(is_cname_to(each, {record.value}) for each in existing)
    to_add = () if exists else (ZoneRecord(type=record.type, name=record.name, value=record.value),)
    if not conflicting:
        return PlanStep(record=record, state="done" if exists else "create", existing_records=existing, to_add=to_add)
    foreign = [each for each in conflicting if not is_cname_to(each, our_values)]
    unplanned = [] if replaceable is None else [each for each in foreign if each.record not in replaceable]
    obstacle = _size_obstacle(record, conflicting)
    if obstacle is None and foreign and not replace:
        obstacle = _conflict_obstacle(record, foreign)
    elif obstacle is None and unplanned:
        obstacle = _unplanned_obstacle(record, unplanned)
    if obstacle is not None:
        return PlanStep(record=record, state="blocked", existing_records=existing, obstacle=obstacle)
    return PlanStep(record=record, state="replace", existing_records=existing, to_remove=conflicting, to_add=to_add)


def select_at_name(provider_records: Iterable[ZoneRecord], name: str) -> tuple[ZoneRecord, ...]:
    """Select the records at a name, in case a provider answers with records of other names too."""
    return tuple(each for each in provider_records if each.name == name)


def select_conflicting(existing: Iterable[ZoneRecord], zone: Zone) -> list[ZoneRecord]:
    """Select the records that cannot exist beside a CNAME at the same name; another CNAME is one of them."""
    return [each for each in existing if not _may_coexist(each, zone)]


def is_cname_to(record: ZoneRecord, values: Collection[str]) -> bool:
    """Whether a record is a CNAME with one of these values."""
    return record.type == "CNAME" and record.value in values


def is_same_record(one: ZoneRecord, other: ZoneRecord) -> bool:
    """Whether two records are the same in DNS, apart from their TTL."""
    return one.record == other.record


def is_among(record: ZoneRecord, records: Iterable[ZoneRecord]) -> bool:
    """Whether one of the records is the same in DNS."""
    return any(is_same_record(record, each) for each in records)


def find_name_obstacle(name: str, zone: Zone, *, is_cname: bool) -> Obstacle | None:
    """Return why no record, or no CNAME, can be written at a name through the zone; None if one can."""
    if not is_within(name, zone.name):
        return Obstacle(ZONE_NOT_FOUND, word("obstacle_not_in_zone", name=name, zone=zone.name))
    if is_cname and name == zone.name and not zone.flattens_apex:
        message = word("obstacle_apex", name=name)
        return Obstacle("cname_at_apex", message)
    return None


def describe_records(records: Sequence[ZoneRecord]) -> str | Sentence:
    """Describe the first few records for a sentence, with shortened values."""
    listed = ", ".join(f"{each.type} {_shorten_value(each.value)}" for each in records[:_MAX_DESCRIBED])
    more = len(records) - _MAX_DESCRIBED
    return Sentence("records_more", {"listed": listed, "count": more}) if more > 0 else listed


def _may_coexist(record: ZoneRecord, zone: Zone) -> bool:
    if zone.flattens_apex and record.name == zone.name:
        return record.type not in _TYPES_EXCLUDING_FLATTENED_CNAME
    return record.type in _TYPES_BESIDE_CNAME


def _permanent_obstacle(record: Record, existing: Sequence[ZoneRecord], zone: Zone) -> Obstacle | None:
    """Return the obstacle that even `replace` does not overcome, or None."""
    name = record.name
    if record.type != "CNAME":
        return Obstacle("record_not_supported", word("obstacle_type", name=name, type=record.type))
    obstacle = find_name_obstacle(name, zone, is_cname=True)
    if obstacle is not None:
        return obstacle
    elsewhere = [each for each in select_conflicting(existing, zone) if each.type in _DELEGATING_TYPES]
    if elsewhere:
        message = word("obstacle_delegated", name=name, records=describe_records(elsewhere))
        return Obstacle("delegated_elsewhere", message)
    mail = [each for each in select_conflicting(existing, zone) if each.type == _MAIL_TYPE]
    if mail:
        message = word("obstacle_mail", name=name, records=describe_records(mail))
        return Obstacle("mail_in_the_way", message)
    return None


def _size_obstacle(record: Record, others: Sequence[ZoneRecord]) -> Obstacle | None:
    if len(others) <= _MAX_RECORDS and len(msgspec.json.encode(others)) <= _MAX_BYTES:
        return None
    message = word("obstacle_too_many", count=len(others), name=record.name)
    return Obstacle("too_many_records", message)


def _conflict_obstacle(record: Record, foreign_records: Sequence[ZoneRecord]) -> Obstacle:
    message = word(
        "obstacle_in_the_way", name=record.name, records=describe_records(foreign_records), value=record.value
    )
    return Obstacle(RECORD_IN_THE_WAY, message)


def _unplanned_obstacle(record: Record, unplanned_records: Sequence[ZoneRecord]) -> Obstacle:
    message = word("obstacle_unplanned", name=record.name, records=describe_records(unplanned_records))
    return Obstacle(CHANGED_SINCE_PLAN, message)


def _shorten_value(value: str) -> str:
    text = "".join(character if character.isprintable() else "?" for character in value[: _MAX_VALUE_LENGTH + 1])
    return shorten(text, _MAX_VALUE_LENGTH)
