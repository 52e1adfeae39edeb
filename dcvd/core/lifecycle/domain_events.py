"""The events of a domain, and the data that they carry."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import asdict

from dcvd.core.domains.claims import RemovalReason
from dcvd.core.domains.domain import Domain, Finding, LeftoverRecord
from dcvd.core.events import EventData, EventDraft, EventType
from dcvd.core.instants import SECOND, format_instant, to_rfc3339


def domain_event_data(domain: Domain) -> EventData:
    """Return the members that every event of a domain carries."""
    expires_at = domain.expires_at
    return {
        "domain_id": domain.id,
        "domain_name": domain.name,
        "status": domain.status.value,
        "expires_at": None if expires_at is None else to_rfc3339(expires_at - expires_at % SECOND),
    }


def draft_added_event(domain: Domain) -> EventDraft:
    """Draft the event of a domain that was just added."""
    return EventDraft(EventType.DOMAIN_ADDED, domain_event_data(domain), domain.id)


def draft_removed_event(
    domain: Domain, leftover_records: Iterable[LeftoverRecord], reason: RemovalReason
) -> EventDraft:
    """Draft the event of a domain whose removal was accepted, with the records that it leaves in DNS."""
    leftovers = [asdict(record) for record in leftover_records]
    return EventDraft(
        EventType.DOMAIN_REMOVED,
        {**domain_event_data(domain), "reason": reason.value, "records_to_remove": leftovers},
        domain.id,
    )


def dormant_event_data(domain: Domain) -> EventData:
    """Return the data of the event that a claim is dormant."""
    return {**domain_event_data(domain), "dormant_since": format_instant(domain.dormant_since)}


def _to_members(finding: Finding) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.to_builtins(finding)
    del members["sentences"]  # The message has them in words.
    return members


def findings_data(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as JSON with the members of `Finding`; instants are in RFC 3339 or null."""
    return [
        {
            **_to_members(finding),
            "next_check_at": format_instant(finding.next_check_at),
            "since": format_instant(finding.since),
            "hurts_at": format_instant(finding.hurts_at),
        }
        for finding in findings
    ]
