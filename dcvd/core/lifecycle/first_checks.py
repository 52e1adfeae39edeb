"""The first check of an imported domain: what it finds was so before, and is told to nobody."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from dcvd.core.dns.facts import DnsObservation
from dcvd.core.domains.domain import Domain
from dcvd.core.events import EventDraft, EventType

_DNS_EVENTS: Final = frozenset({EventType.DNS_VERIFIED, EventType.DNS_CHECK_FAILED})


def end_import(
    domain: Domain, observations: Iterable[object], events: Sequence[EventDraft]
) -> tuple[Domain, list[EventDraft]]:
    """Return an imported domain after a check, and those of its events that are sent.

    What Cloudflare said was stored by the import, so what differs from that has happened since and is told. What DNS
    says nobody knew before, until a check has an answer. An import that Cloudflare did not answer ends with its answer.
    """
    if not domain.awaits_adoption and any(
        isinstance(each, DnsObservation) and each.facts.outcome == "answered" for each in observations
    ):
        domain = replace(domain, awaits_first_check=False)
    return domain, [event for event in events if event.type not in _DNS_EVENTS]
