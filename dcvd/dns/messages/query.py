"""One DNS query in wire format, and the test whether received bytes can be its answer."""

import secrets
from collections.abc import Callable
from typing import Final

import dns.flags
import dns.message
from dns.name import Name
from dns.rdatatype import RdataType

_EDNS_PAYLOAD_BYTES: Final = 1232
"""EDNS buffer size that crosses every path unfragmented (DNS Flag Day 2020)."""
_HEADER_BYTES: Final = 12
_ID_BYTES: Final = 2
_QR_BIT: Final = 0x80
_TC_BIT: Final = 0x02
_RCODE_MASK: Final = 0x0F
_MAX_RECORDS: Final = 500
_TYPE_AND_CLASS_BYTES: Final = 4


class DnsQuery:
    """A question for a name and a type, put to a resolver (`recurse`) or to the zone's own servers.

    checking_disabled: set the CD bit, so that a resolver returns what it has without validating signatures.
    """

    def __init__(self, name: Name, rdtype: RdataType, *, recurse: bool, checking_disabled: bool = False) -> None:
        self.name = name
        self.rdtype = rdtype
        self.recurse = recurse
        self._flags = (dns.flags.RD if recurse else 0) | (dns.flags.CD if checking_disabled else 0)
        self._wire = self._encode(edns=True)
        self._question_end = _HEADER_BYTES + len(name.to_wire() or b"") + _TYPE_AND_CLASS_BYTES
        self._question_section = self._wire[_HEADER_BYTES : self._question_end].lower()

    def to_wire(self, *, edns: bool = True) -> bytes:
        """Encode the query, with a new random id on every call."""
        return secrets.token_bytes(_ID_BYTES) + (self._wire if edns else self._encode(edns=False))[_ID_BYTES:]

    def build_answer_test(self, wire: bytes) -> Callable[[bytes], bool]:
        """Build the test whether bytes answer `wire`: by the id, the QR bit and the question (refusals may omit it)."""

        def is_answer(received: bytes) -> bool:
            if len(received) < _HEADER_BYTES or received[:_ID_BYTES] != wire[:_ID_BYTES] or not received[2] & _QR_BIT:
                return False
            questions = int.from_bytes(received[4:6])
            if questions == 0:
                return bool(received[3] & _RCODE_MASK)
            return questions == 1 and received[_HEADER_BYTES : self._question_end].lower() == self._question_section

        return is_answer

    def _encode(self, *, edns: bool) -> bytes:
        options = {"use_edns": 0, "payload": _EDNS_PAYLOAD_BYTES} if edns else {"use_edns": False}
        return dns.message.make_query(self.name, self.rdtype, id=0, flags=self._flags, **options).to_wire()


def is_truncated(received: bytes) -> bool:
    """Whether the answer was truncated and has to be fetched over TCP."""
    return bool(received[2] & _TC_BIT)


def count_answers(received: bytes) -> int:
    """Return how many records the answer section announces."""
    return int.from_bytes(received[6:8])


def has_too_many_records(received: bytes) -> bool:
    """Whether an answer announces more records than any honest one has: reading them would cost too much."""
    return sum(int.from_bytes(received[offset : offset + 2]) for offset in (6, 8, 10)) > _MAX_RECORDS
