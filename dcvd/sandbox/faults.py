"""Keep the faults that the control API asked for, and choose the one for a request or a query."""

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
"""`bogus`: the SERVFAIL of a validating resolver, unless the query has the CD bit. `truncate`: an answer over UDP
with nothing but the TC bit. `lame`: an answer without AA that refers to the root."""

_GLOB_CHARACTERS: Final = frozenset("*?[")


class ApiFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault of the API. `path` is below /client/v4: a glob if it has `*`, `?` or `[`, else a prefix; None is any."""

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
    """A fault of DNS at `name` and below it; a `name` or `type` of None matches every one.

    delay_ms: of kind `slow`.
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
    """The faults in the order of their creation; the first that matches is applied, at most its number of times."""

    def __init__(self) -> None:
        self._created_count = 0
        self._faults: dict[str, ApiFault | DnsFault] = {}
        self._remaining: dict[str, int | None] = {}

    def new_id(self) -> str:
        self._created_count += 1
        return f"fault-{self._created_count}"

    def add(self, fault: ApiFault | DnsFault, times: int | None) -> None:
        """Add a fault that applies `times` times; None means until it is removed."""
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
        """List the faults, each with how often it still applies."""
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
        """Return the fault for a query, if one matches, and count it.

        datagram: the query came over UDP. checking_disabled: it has the CD bit.
        """
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
