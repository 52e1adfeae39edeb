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
        **label_event_data(domain),
    }


def label_event_data(domain: Domain | None) -> EventData:
    """Return the members of every event about a domain that say what its organization attached to it.

    None stands for no domain, or one that is removed.
    """
    return {
        "external_id": None if domain is None else domain.external_id,
        "labels": {} if domain is None else dict(domain.labels),
    }


def draft_added_event(domain: Domain, request_id: str | None = None) -> EventDraft:
    """Draft the event of a domain that was just added. request_id: see `EventDraft`."""
    return EventDraft(EventType.DOMAIN_ADDED, domain_event_data(domain), domain.id, request_id=request_id)


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


def dns_event_data(domain: Domain, findings: Iterable[Finding]) -> EventData:
    """Return the data of an event about a domain's DNS: whether the record is right, and what is wrong besides."""
    return {
        **domain_event_data(domain),
        "dns_status": domain.dns_state.value,
        "findings": findings_data(findings),
    }


def _to_members(finding: Finding) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.to_builtins(finding)
    # The message has them in words.
    del members["sentences"]
    # When it is checked next is decided after the event, and often anew before the event has arrived.
    del members["next_check_at"]
    return members


def findings_data(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as JSON, with those members of `Finding` that stay true; instants are in RFC 3339 or null."""
    return [
        {
            **_to_members(finding),
            "since": format_instant(finding.since),
            "hurts_at": format_instant(finding.hurts_at),
        }
        for finding in findings
    ]
