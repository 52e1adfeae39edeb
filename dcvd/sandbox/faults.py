"""Faults asked for by the control API: how many are left, and which one a request or a query meets."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final, Literal

import msgspec
import structlog
from dns.name import Name
from dns.rdatatype import RdataType

log = structlog.get_logger(__name__)

ApiFaultKind = Literal["status", "timeout", "refuse", "lost_answer"]
DnsFaultKind = Literal["servfail", "timeout", "refuse", "bogus", "wrong_id", "truncate", "slow", "lame"]
"""`bogus`: SERVFAIL as a validating resolver's, which the CD bit lifts. `truncate`: nothing but TC over UDP. `lame`: no
AA, and a referral to the root."""

_GLOB_CHARACTERS: Final = frozenset("*?[")


class ApiFault(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is below /client/v4: a prefix, or a glob where it holds `*`, `?` or `[`. None matches everything."""

    id: str
    kind: ApiFaultKind
    method: str | None = None
    path: str | None = None
    status: int = 500
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)

    def matches(self, method: str, path: str) -> bool:
        if self.method is not None and self.method != method:
            return False
        if self.path is None:
            return True
        return fnmatchcase(path, self.path) if _GLOB_CHARACTERS & set(self.path) else path.startswith(self.path)


class DnsFault(msgspec.Struct, frozen=True, kw_only=True):
    """`name` and everything below it; None is every name, as None is every `type`.

    delay_ms: milliseconds, of `slow`.
    """

    id: str
    kind: DnsFaultKind
    name: Name | None = None
    type: RdataType | None = None
    delay_ms: int = 0

    def matches(self, name: Name, rdtype: RdataType, *, datagram: bool, checking_disabled: bool) -> bool:
        if (self.kind == "truncate" and not datagram) or (self.kind == "bogus" and checking_disabled):
            return False
        if self.type is not None and self.type != rdtype:
            return False
        return self.name is None or name.is_subdomain(self.name)


class Faults:
    """In the order of their making; the first that fits is applied, and used up after its number of times."""

    def __init__(self) -> None:
        self._created_count = 0
        self._faults: dict[str, ApiFault | DnsFault] = {}
        self._remaining: dict[str, int | None] = {}

    def new_id(self) -> str:
        self._created_count += 1
        return f"fault-{self._created_count}"

    def add(self, fault: ApiFault | DnsFault, times: int | None) -> None:
        """`times` None: until it is deleted."""
        self._faults[fault.id] = fault
        self._remaining[fault.id] = times
        log.info("sandbox.fault_added", fault=fault.id, kind=fault.kind, times=times)

    def remove(self, fault_id: str) -> bool:
        self._remaining.pop(fault_id, None)
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        self._faults.clear()
        self._remaining.clear()

    def all(self) -> list[tuple[ApiFault | DnsFault, int | None]]:
        """Each with the times that are left."""
        return [(fault, self._remaining[fault.id]) for fault in self._faults.values()]

    def take_api_fault(self, method: str, path: str) -> ApiFault | None:
        for fault in self._faults.values():
            if isinstance(fault, ApiFault) and fault.matches(method, path):
                self._use(fault.id)
                log.info("sandbox.fault_applied", fault=fault.id, kind=fault.kind, method=method, path=path)
                return fault
        return None

    def take_dns_fault(
        self, name: Name, rdtype: RdataType, *, datagram: bool, checking_disabled: bool = False
    ) -> DnsFault | None:
        """`datagram`: the query came over UDP. `checking_disabled`: it had the CD bit."""
        for fault in self._faults.values():
            if isinstance(fault, DnsFault) and fault.matches(
                name, rdtype, datagram=datagram, checking_disabled=checking_disabled
            ):
                self._use(fault.id)
                log.info("sandbox.fault_applied", fault=fault.id, kind=fault.kind, name=name.to_text())
                return fault
        return None

    def _use(self, fault_id: str) -> None:
        left = self._remaining[fault_id]
        if left is None:
            return
        if left > 1:
            self._remaining[fault_id] = left - 1
        else:
            self.remove(fault_id)
