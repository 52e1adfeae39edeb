"""Very many active hostnames that cost no memory: each is made when somebody asks for it. Pure.

They are all alike: `n0.customer.test` and so on, active since the same instant and with the same certificates.
"""

from typing import Final

from msgspec.structs import replace

from dcvd.core.instants import DAY
from dcvd.sandbox.hostnames.certificates import issue_pair
from dcvd.sandbox.hostnames.model import Hostname, Sight, SslOrder
from dcvd.sandbox.hostnames.statuses import SslStatus

SUFFIX: Final = ".customer.test"
_ID_PREFIX: Final = "00000000-0000-4000-8000-"
_AGE: Final = DAY


class Preloaded:
    """`count` hostnames, created a day before `now` (milliseconds)."""

    def __init__(self, count: int, now: int) -> None:
        self.count = count
        created = now - _AGE
        self._like = Hostname(
            id="",
            hostname="",
            created_at=created,
            pending_since=created,
            ownership_token=hostname_id(0),
            sight=Sight(cname=True, fallback_from=created),
            owned_since=created,
            validated=True,
            ssl=SslOrder(
                id=hostname_id(0),
                stage=SslStatus.ACTIVE,
                since=created,
                issued=1,
                validated_since=created,
                certificates=issue_pair("preloaded", 1, created, "google"),
            ),
        )

    def record(self, index: int) -> Hostname:
        """The hostname of that number, from 0."""
        return replace(self._like, id=hostname_id(index), hostname=hostname_name(index))

    def index_of(self, record_id: str) -> int | None:
        """The number of the hostname with this id."""
        digits = record_id.removeprefix(_ID_PREFIX)
        if len(digits) != 12 or not set(digits) <= set("0123456789abcdef"):
            return None
        return self._within(int(digits, 16))

    def index_named(self, hostname: str) -> int | None:
        """The number of the hostname of this name."""
        digits = hostname.removeprefix("n").removesuffix(SUFFIX)
        if not (digits.isascii() and digits.isdecimal()) or hostname_name(int(digits[:12])) != hostname:
            return None
        return self._within(int(digits))

    def _within(self, index: int) -> int | None:
        return index if index < self.count else None


def hostname_id(index: int) -> str:
    return f"{_ID_PREFIX}{index:012x}"


def hostname_name(index: int) -> str:
    return f"n{index}{SUFFIX}"
