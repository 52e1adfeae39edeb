"""What a notification of Cloudflare's says: which custom hostname to look at. Pure; nothing in it is believed further.

Two documented shapes: the event's members at the top, or below `data` of a generic notification. How they nest is not
documented, so both are taken, and whatever else comes is no failure: Cloudflare would only send it again.
"""

from typing import Any, Final

from msgspec import Struct

_LONGEST_ID: Final = 100
_LONGEST_NAME: Final = 253


class Notification(Struct, frozen=True, kw_only=True):
    """None for what was not told, or is not of a form that could be meant.

    event_id: the same each time that Cloudflare sends it. type: such as
    `ssl.custom_hostname_certificate.issuance.succeeded`. hostname: in lower case, without the trailing dot.
    """

    event_id: str | None = None
    type: str | None = None
    zone_id: str | None = None
    hostname_id: str | None = None
    hostname: str | None = None

    @property
    def is_about_a_hostname(self) -> bool:
        """Events of a superseded certificate can lack both."""
        return self.hostname_id is not None or self.hostname is not None


def read(payload: object) -> Notification:
    """What a decoded body says; total over everything that JSON can hold."""
    top = _members(payload)
    inner = _members(top.get("data"))
    body = top if "metadata" in top or "metadata" not in inner else inner
    metadata, subject = _members(body.get("metadata")), _members(body.get("data"))
    event = _members(metadata.get("event"))
    hostname = _text(subject.get("hostname"), _LONGEST_NAME)
    return Notification(
        event_id=_text(event.get("id"), _LONGEST_ID) or _text(top.get("alert_correlation_id"), _LONGEST_ID),
        type=_text(event.get("type"), _LONGEST_ID) or _text(top.get("alert_event"), _LONGEST_ID),
        zone_id=_text(_members(metadata.get("zone")).get("id"), _LONGEST_ID),
        hostname_id=_text(subject.get("id"), _LONGEST_ID),
        hostname=None if hostname is None else hostname.lower().removesuffix("."),
    )


def _members(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object, longest: int) -> str | None:
    """Printable ASCII alone: ids, types and A-labels are made of nothing else, and it goes into the log."""
    if isinstance(value, str) and 0 < len(value) <= longest and value.isascii() and value.isprintable():
        return value
    return None
