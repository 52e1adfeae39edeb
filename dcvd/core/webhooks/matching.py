"""Which events an endpoint gets beside their types: those about domains with some labels, or of some names."""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from dcvd.core.dns.hostnames import is_within, normalise
from dcvd.core.domains.labels import validate_labels
from dcvd.core.events import EventData
from dcvd.errors import InvalidInput

MAX_PATTERNS: Final = 100
_WILDCARD: Final = "*."


class EventMatch(Struct, frozen=True, kw_only=True):
    """What the domain of an event has to be like: to have all the labels, and a name that one of the patterns covers.

    domains: names, and `*.` before a name for all below it, but not the name itself; empty for every name.
    """

    labels: Mapping[str, str] = {}
    domains: tuple[str, ...] = ()


class _Subject(Struct):
    domain_name: str | None = None
    labels: dict[str, str] = {}


class _Body(Struct):
    data: _Subject


_BODY_DECODER: Final = msgspec.json.Decoder(_Body)


def normalise_match(match: EventMatch, *, allowed_tlds: Collection[str] = ()) -> EventMatch:
    """Return a match with its names in A-labels, each once. Raises InvalidInput naming the member at fault."""
    if not match.labels and not match.domains:
        raise InvalidInput("match", "match is empty; give labels or domains, or null for every event.")
    if len(match.domains) > MAX_PATTERNS:
        message = f"match.domains has {len(match.domains)} entries; {MAX_PATTERNS} are allowed."
        raise InvalidInput("match.domains", message)
    patterns = {
        _normalise_pattern(pattern, allowed_tlds, f"match.domains[{index}]")
        for index, pattern in enumerate(match.domains)
    }
    return EventMatch(
        labels=validate_labels(match.labels, field="match.labels"),
        domains=tuple(sorted(patterns)),
    )


def _normalise_pattern(pattern: str, allowed_tlds: Collection[str], field: str) -> str:
    if pattern == "*":
        raise InvalidInput(field, f'{field} is "*", which is no name; leave match.domains out for every domain.')
    prefix = _WILDCARD if pattern.startswith(_WILDCARD) else ""
    return prefix + normalise(pattern.removeprefix(_WILDCARD), allowed_tlds=allowed_tlds, field=field)


def is_matched(match: EventMatch, domain_name: str | None, labels: Mapping[str, str]) -> bool:
    """Whether an endpoint gets an event about a domain with this name and these labels; never one about no domain."""
    return (
        domain_name is not None
        and all(labels.get(key) == value for key, value in match.labels.items())
        and (not match.domains or any(_covers(pattern, domain_name) for pattern in match.domains))
    )


def is_data_matched(match: EventMatch, data: EventData) -> bool:
    """Whether an endpoint gets an event with this data."""
    return is_matched(match, data.get("domain_name"), data.get("labels", {}))


def is_body_matched(match: EventMatch, body: bytes) -> bool:
    """Whether an endpoint gets an event that is stored: by what its domain was like when it happened."""
    subject = _BODY_DECODER.decode(body).data
    return is_matched(match, subject.domain_name, subject.labels)


def _covers(pattern: str, name: str) -> bool:
    if not pattern.startswith(_WILDCARD):
        return name == pattern
    parent = pattern.removeprefix(_WILDCARD)
    return name != parent and is_within(name, parent)
