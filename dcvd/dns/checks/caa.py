"""Climb the DNS tree to find the CAA records that apply to a name (RFC 8659 §3)."""

import time
from collections.abc import Iterable
from typing import Final

from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.core.dns.facts import CaaPolicy
from dcvd.dns.messages.message import Rdata
from dcvd.dns.messages.names import get_parent, is_root, to_text
from dcvd.dns.messages.reply import DnsReply
from dcvd.dns.queries.lookup import RecordLookup

_CRITICAL_FLAG: Final = 0x80
_DEFINED_TAGS: Final = frozenset(
    {"issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc"}
)
"""RFC 8659, the CA/Browser Forum's Baseline Requirements, RFC 9495 and the BIMI group's."""
_MAX_VALUE_LENGTH: Final = 255


class CaaClimb:
    """One climb from a name towards the root; its state can be read at any time, see `to_facts`.

    first_reply: what the source of the start has answered about its CAA already.
    """

    def __init__(self, start: Name, lookup: RecordLookup, first_reply: DnsReply | None = None) -> None:
        self._start = start
        self._lookup = lookup
        self._first_reply = first_reply
        self._policy: CaaPolicy | None = None
        self._current_name = start
        self._waiting_since = 0.0

    def to_facts(self, timeout_s: float) -> CaaPolicy | None:
        """The policy. A climb that was cut off gives a timeout if it waited for `timeout_s` seconds, else None."""
        if self._policy is None and self._waiting_since and time.monotonic() - self._waiting_since >= timeout_s:
            return CaaPolicy(
                start_name=to_text(self._start), outcome="timeout", failed_name=to_text(self._current_name)
            )
        return self._policy

    async def climb(self) -> None:
        """Climb from the start towards the root, up to the first name that has CAA records."""
        start, name = to_text(self._start), self._start
        while not is_root(name):
            self._current_name, self._waiting_since = name, time.monotonic()
            first_reply = self._first_reply if name is self._start else None
            result = await self._lookup.follow_cnames(name, RdataType.CAA, first_reply)
            if result.outcome != "answered" or result.lacks_soa:
                outcome = "malformed" if result.lacks_soa else result.outcome
                self._policy = CaaPolicy(start_name=start, outcome=outcome, failed_name=to_text(name))
                return
            if result.rdatas:
                self._policy = CaaPolicy(
                    start_name=start,
                    outcome="answered",
                    owner_name=to_text(result.end),
                    issue=_get_property_values(result.rdatas, "issue"),
                    issuewild=_get_property_values(result.rdatas, "issuewild"),
                    critical_tags=_find_unknown_critical_tags(result.rdatas),
                )
                return
            name = get_parent(name)
        self._policy = CaaPolicy(start_name=start, outcome="answered")


def _get_property_values(rdatas: Iterable[Rdata], tag: str) -> tuple[str, ...] | None:
    values = [_decode_value(rdata.value).strip() for rdata in rdatas if _get_tag(rdata) == tag]
    return tuple(values) if values else None


def _find_unknown_critical_tags(rdatas: Iterable[Rdata]) -> tuple[str, ...]:
    return tuple(sorted({_get_tag(rdata) for rdata in rdatas if rdata.flags & _CRITICAL_FLAG} - _DEFINED_TAGS))


def _get_tag(rdata: Rdata) -> str:
    return _decode_value(rdata.tag).lower()


def _decode_value(raw: bytes) -> str:
    return raw[:_MAX_VALUE_LENGTH].decode("latin-1")
