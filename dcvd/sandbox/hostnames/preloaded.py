"""Provide very many active hostnames without memory: each is built when it is read. Pure.

They are all alike: `n0.customer.test` and so on, active since the same instant and with the same certificates.
"""

from typing import Final

from msgspec.structs import replace

from dcvd.core.instants import DAY
from dcvd.sandbox.hostnames.certificates import issue_pair
from dcvd.sandbox.hostnames.model import CustomHostname, HostnameConditions, SslOrder
from dcvd.sandbox.hostnames.statuses import SslStatus

SUFFIX: Final = ".customer.test"
_ID_PREFIX: Final = "00000000-0000-4000-8000-"
_FIRST_ID: Final = 1
"""No hostname has the id of all zeros, by which clients try what they may do."""
_AGE_MS: Final = DAY


class PreloadedHostnames:
    """`count` hostnames, created a day before `now` (milliseconds)."""

    def __init__(self, count: int, now: int) -> None:
        self.count = count
        created = now - _AGE_MS
        self._template = CustomHostname(
            id="",
            hostname="",
            created_at=created,
            pending_at=created,
            ownership_token=build_hostname_id(0),
            conditions=HostnameConditions(has_cname=True, fallback_active_at=created),
            owned_at=created,
            is_validated=True,
            ssl=SslOrder(
                id=build_hostname_id(0),
                stage=SslStatus.ACTIVE,
                stage_entered_at=created,
                pair_count=1,
                validated_at=created,
                certificates=issue_pair("preloaded", 1, created, "google"),
            ),
        )

    def build_hostname(self, index: int) -> CustomHostname:
        """Build the hostname with this number, from 0."""
        return replace(self._template, id=build_hostname_id(index), hostname=build_hostname_name(index))

    def find_index(self, record_id: str) -> int | None:
        """Return the number of the hostname with this id; None if there is none."""
        digits = record_id.removeprefix(_ID_PREFIX)
        if len(digits) != 12 or not set(digits) <= set("0123456789abcdef"):
            return None
        return self._check_range(int(digits, 16) - _FIRST_ID)

    def find_index_by_name(self, hostname: str) -> int | None:
        """Return the number of the hostname with this name; None if there is none."""
        digits = hostname.removeprefix("n").removesuffix(SUFFIX)
        if not (digits.isascii() and digits.isdecimal()) or build_hostname_name(int(digits[:12])) != hostname:
            return None
        return self._check_range(int(digits))

    def _check_range(self, index: int) -> int | None:
        return index if 0 <= index < self.count else None


def build_hostname_id(index: int) -> str:
    return f"{_ID_PREFIX}{index + _FIRST_ID:012x}"


def build_hostname_name(index: int) -> str:
    return f"n{index}{SUFFIX}"
