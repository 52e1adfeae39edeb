"""What every provider's driver can do."""

from collections.abc import Sequence
from typing import Protocol

from dcvd.core.records.zones import Zone, ZoneRecord


class RecordDriver(Protocol):
    """Records at one provider, with one connection's credentials.

    Every call has a deadline of its own and raises the error tree's RemoteError: Unauthorized (code
    `provider_unauthorized`) where the credentials are refused, Permanent where the same call would fail again,
    Retryable for all else. No message holds a credential.
    """

    async def check_credentials(self) -> str | None:
        """Try the credentials; returns what the provider calls the account, or None where it does not say."""
        ...

    async def find_zone(self, name: str) -> Zone | None:
        """The zone that holds a name, found by walking up its labels; None where the credentials reach none."""
        ...

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """All that stands at exactly this name, of whatever type, as far as the provider shows it."""
        ...

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Take records out that were read, and put records in, all at one name; nothing else is touched.

        At once where the provider can. It returns when the provider's own servers have it. Nothing is believed: the
        caller reads again.
        """
        ...
