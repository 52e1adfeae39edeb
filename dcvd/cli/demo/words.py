"""Events and states in plain words."""

from collections.abc import Mapping
from typing import Any, Final, assert_never

from msgspec import Struct

from dcvd.cli.terminal.tables import format_instant
from dcvd.core.events import EventType

MARKS_LEGEND: Final = "✓ marks a webhook that your application received and verified, · what the API answers meanwhile."


class DomainProgress(Struct, frozen=True):
    """How far a domain is, according to the API."""

    status: str
    hostname: str | None
    certificate: str | None

    def __str__(self) -> str:
        if self.hostname is None:
            return "Not registered with Cloudflare yet."
        return f"Cloudflare: hostname {self.hostname}, certificate {self.certificate or 'not ordered yet'}."


def read_progress(domain: Mapping[str, Any]) -> DomainProgress:
    """Read the progress from a domain in the API's JSON."""
    return DomainProgress(domain["status"], domain["cfStatus"], domain["cfSslStatus"])


def describe_event(event: str, data: Mapping[str, Any]) -> str:
    """Describe an event for a person."""
    name = data.get("domain_name", "The domain")
    match EventType(event):
        case EventType.DOMAIN_ADDED:
            return f"{name} was added; its registration with Cloudflare is under way."
        case EventType.DOMAIN_DORMANT:
            return f"{name} is dormant: its record has been missing for too long."
        case EventType.DOMAIN_REMOVED:
            return f"{name} was removed."
        case EventType.DNS_VERIFIED:
            return f"The record of {name} is there and right."
        case EventType.DNS_CHECK_FAILED:
            return " ".join(finding["message"] for finding in data["findings"])
        case EventType.DOMAIN_ACTIVE:
            return f"{name} serves https; its certificate lasts until {_format_expiry(data)}."
        case EventType.DOMAIN_RENEWED:
            return f"The certificate of {name} was renewed, until {_format_expiry(data)}."
        case EventType.DOMAIN_EXPIRING_SOON:
            return f"The certificate of {name} expires at {_format_expiry(data)}; its renewal is {data['renewal']}."
        case EventType.DOMAIN_ERROR:
            return str(data["error"]["message"])
        case (
            EventType.JOB_FAILED
            | EventType.JOB_DLQ
            | EventType.DELIVERY_DLQ
            | EventType.ENDPOINT_FAILING
            | EventType.ENDPOINT_RECOVERED
            | EventType.ENDPOINT_DISABLED
            | EventType.CONNECTION_REAUTH_REQUIRED
            | EventType.SYSTEM_CLOUDFLARE_REFUSED
            | EventType.SYSTEM_QUOTA_LOW
            | EventType.SYSTEM_BACKUP_LATE
            | EventType.SYSTEM_DISK_LOW
            | EventType.SYSTEM_CLOCK_WRONG
            | EventType.WEBHOOK_TEST
        ) as other:
            return f"{other.value} arrived."
        case unreachable:
            assert_never(unreachable)


def _format_expiry(data: Mapping[str, Any]) -> str:
    return format_instant(data["expires_at"], missing="an unknown time")
