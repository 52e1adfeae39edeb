"""The zone's fallback origin; without an active one no hostname becomes active."""

from typing import Literal

import msgspec

from dcvd.core.instants import to_rfc3339

FallbackStatus = Literal["initializing", "pending_deployment", "active", "pending_deletion"]


class FallbackOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """A fallback origin. Instants are milliseconds.

    `active_at` is one step (`step_s`) after the last change; the origin that a sandbox begins with is active at once.
    """

    origin: str
    created_at: int
    updated_at: int
    active_at: int

    def status(self, now: int) -> FallbackStatus:
        return "active" if now >= self.active_at else "pending_deployment"

    def to_json(self, status: FallbackStatus) -> dict[str, object]:
        """Return the fallback origin as Cloudflare shows it."""
        return {
            "origin": self.origin,
            "status": status,
            "errors": [],
            "created_at": to_rfc3339(self.created_at),
            "updated_at": to_rfc3339(self.updated_at),
        }
