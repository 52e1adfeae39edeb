"""Cloudflare's notifications, which say which custom hostname to check; nothing else in them is trusted.

Two shapes are documented: the event's members at the top, or below `data` of a generic notification. How they nest is
not documented, so both are accepted. Anything else is ignored, because Cloudflare would only send it again.
"""

from typing import Any, Final

from msgspec import Struct

from dcvd.core.addresses import MAX_NAME_CHARS

_MAX_ID_CHARS: Final = 100


class CloudflareNotification(Struct, frozen=True, kw_only=True):
    """A notification; a member is None where it is missing or malformed.

    event_id: the same each time that Cloudflare sends the event. type: such as
    `ssl.custom_hostname_certificate.issuance.succeeded`. hostname: in lower case, without the trailing dot.
    """

    event_id: str | None = None
    type: str | None = None
    zone_id: str | None = None
    hostname_id: str | None = None
    hostname: str | None = None

    @property
    def is_about_a_hostname(self) -> bool:
        """Whether the notification names a hostname; those about a superseded certificate may not."""
        return self.hostname_id is not None or self.hostname is not None


def read_notification(payload: object) -> CloudflareNotification:
    """Read a decoded JSON body, whatever it holds."""
    top = _members_of(payload)
    inner = _members_of(top.get("data"))
    body = top if "metadata" in top or "metadata" not in inner else inner
    metadata, subject = _members_of(body.get("metadata")), _members_of(body.get("data"))
    event = _members_of(metadata.get("event"))
    hostname = _read_text(subject.get("hostname"), MAX_NAME_CHARS)
    return CloudflareNotification(
        event_id=_read_text(event.get("id"), _MAX_ID_CHARS)
        or _read_text(top.get("alert_correlation_id"), _MAX_ID_CHARS),
        type=_read_text(event.get("type"), _MAX_ID_CHARS) or _read_text(top.get("alert_event"), _MAX_ID_CHARS),
        zone_id=_read_text(_members_of(metadata.get("zone")).get("id"), _MAX_ID_CHARS),
        hostname_id=_read_text(subject.get("id"), _MAX_ID_CHARS),
        hostname=None if hostname is None else hostname.lower().removesuffix("."),
    )


def _members_of(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _read_text(value: object, longest: int) -> str | None:
    """Return a text of printable ASCII, as ids, types and A-labels are; anything else must not reach the log."""
    if isinstance(value, str) and 0 < len(value) <= longest and value.isascii() and value.isprintable():
        return value
    return None
