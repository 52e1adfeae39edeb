"""The slots for endpoints that are slow, silent or not known yet: each organization leaves some of them to others."""

from collections import Counter
from typing import Final

_SLOW_SHARE: Final = 0.75
_ORGANIZATION_SHARE: Final = 0.75


class SlowSlots:
    """Three quarters of the pool's slots, of which an organization may have three quarters of what others leave.

    So the next organization nearly always finds a slot, however many of them hold theirs for half a minute; and where
    several wait all the time, they come to hold as many as each other.
    """

    def __init__(self, slots: int) -> None:
        # Also of two slots one tenant must not have the only one that is for those who are not known yet.
        self.free_slots = max(int(slots * _SLOW_SHARE), min(slots, 2))
        self._held = Counter[str]()

    def has_room(self, org_id: str) -> bool:
        """Whether an organization may hold one more slot now."""
        held = self._held.get(org_id, 0)
        return self.free_slots > 0 and held < max(int((self.free_slots + held) * _ORGANIZATION_SHARE), 1)

    def hold(self, org_id: str) -> None:
        """Count a slot as held, until `release`."""
        self.free_slots -= 1
        self._held[org_id] += 1

    def release(self, org_id: str) -> None:
        """Give back a slot."""
        self.free_slots += 1
        self._held[org_id] -= 1
        if not self._held[org_id]:
            del self._held[org_id]
