"""The protocol that every provider's driver follows."""

from collections.abc import Sequence
from typing import Final, Protocol

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Unauthorized

HALF_DONE: Final = "provider_half_done"
"""A change failed in the middle, and what it had done could not be put back."""


class ChangeHalfDone(Unauthorized):
    """The credentials were refused in the middle of a change, so that nothing could be put back either.

    removed, added: what the steps took out and brought in, or may have. is_cancelled: whether the caller was cancelled
    meanwhile; this error was raised instead, so that whoever has other credentials puts back what was removed first.
    is_put_back: whether they have done so.
    """

    def __init__(
        self, message: str, code: str, zone: Zone, removed: Sequence[ZoneRecord], added: Sequence[ZoneRecord]
    ) -> None:
        super().__init__(message, code=code)
        self.zone = zone
        self.removed = tuple(removed)
        self.added = tuple(added)
        self.is_cancelled = False
        self.is_put_back = False


class RecordDriver(Protocol):
    """Reads and changes records at one provider with one connection's credentials.

    Every call has its own deadline and raises a RemoteError: Unauthorized (code `provider_unauthorized`) if the
    credentials are refused, Permanent if the same call would fail again, Retryable for everything else. No message
    holds a credential.
    """

    async def check_credentials(self) -> str | None:
        """Try the credentials; return the provider's name for the account, or None if it does not say."""
        ...

    async def find_zone(self, name: str) -> Zone | None:
        """Return the nearest zone of a name, found by going up its labels; None if the credentials reach none.

        It may be one that resolvers are not led to.
        """
        ...

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """Return all records at exactly this name, of every type that the provider shows."""
        ...

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Remove records that were read, and add records, all at one name; nothing else is touched.

        Both happen at once if the provider can do that. The call returns when the provider's own servers have the
        change. The caller reads the records again and does not rely on the answer. Raises RecordConflict if the name is
        not as it was read.

        Wherever the call is cancelled, the name is as it was, or as it was to be: the call itself goes on so long, but
        for a provider that has become silent. Where the credentials are refused meanwhile, it raises ChangeHalfDone.
        """
        ...
