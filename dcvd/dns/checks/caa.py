"""The climb for CAA records (RFC 8659 §3)."""

import time
from collections.abc import Iterable
from typing import Final

import dns.name
from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.core.domains.dns_facts import CaaPolicy
from dcvd.dns.messages.names import to_text
from dcvd.dns.messages.reply import Data
from dcvd.dns.queries.budget import Budget
from dcvd.dns.queries.lookup import Lookup
from dcvd.dns.queries.sources import Sources

_CRITICAL: Final = 0x80
_DEFINED: Final = frozenset({"issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc"})
"""RFC 8659, the CA/Browser Forum's Baseline Requirements, RFC 9495 and the BIMI group's."""
_LONGEST_VALUE: Final = 255


class Climb:
    """One climb; can be read at any time, see `told`."""

    def __init__(self, start: Name, lookup: Lookup, sources: Sources, budget: Budget) -> None:
        self._start = start
        self._lookup = lookup
        self._sources = sources
        self._budget = budget
        self._policy: CaaPolicy | None = None
        self._at = start
        self._since = 0.0

    def told(self, patience: float) -> CaaPolicy | None:
        """The policy; where it is cut off in the middle, a timeout if it waited for `patience` seconds, else None."""
        if self._policy is None and self._since and time.monotonic() - self._since >= patience:
            return CaaPolicy(start=to_text(self._start), outcome="timeout", failed_at=to_text(self._at))
        return self._policy

    async def climb(self) -> None:
        """From the start towards the root, up to the first name with CAA records."""
        start, name = to_text(self._start), self._start
        while name != dns.name.root:
            self._at, self._since = name, time.monotonic()
            found = await self._lookup.follow(name, RdataType.CAA, self._sources, self._budget)
            if found.outcome != "answered":
                self._policy = CaaPolicy(start=start, outcome=found.outcome, failed_at=to_text(name))
                return
            if found.rdatas:
                self._policy = CaaPolicy(
                    start=start,
                    outcome="answered",
                    at=to_text(found.end),
                    issue=_values(found.rdatas, "issue"),
                    issuewild=_values(found.rdatas, "issuewild"),
                    critical=_critical(found.rdatas),
                )
                return
            name = name.parent()
        self._policy = CaaPolicy(start=start, outcome="answered")


def _values(rdatas: Iterable[Data], tag: str) -> tuple[str, ...] | None:
    values = [_text(rdata.value).strip() for rdata in rdatas if _tag(rdata) == tag]
    return tuple(values) if values else None


def _critical(rdatas: Iterable[Data]) -> tuple[str, ...]:
    return tuple(sorted({_tag(rdata) for rdata in rdatas if rdata.flags & _CRITICAL} - _DEFINED))


def _tag(rdata: Data) -> str:
    return _text(rdata.tag).lower()


def _text(raw: bytes) -> str:
    return raw[:_LONGEST_VALUE].decode("latin-1")
