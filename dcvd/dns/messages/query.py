"""One DNS query in wire format, and the test whether received bytes can be its answer."""

import os
import struct
from collections.abc import Callable
from typing import Final

import dns.flags
from dns.name import Name
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

from dcvd.dns.messages.names import encode_name

_EDNS_PAYLOAD_BYTES: Final = 1232
"""EDNS buffer size that crosses every path unfragmented (DNS Flag Day 2020)."""
_HEADER: Final = struct.Struct("!HHHHHH")
_HEADER_BYTES: Final = _HEADER.size
_RECORD_COUNTS: Final = struct.Struct("!HHH")
_TYPE_AND_CLASS: Final = struct.Struct("!HH")
_EDNS: Final = struct.pack("!BHHIH", 0, RdataType.OPT, _EDNS_PAYLOAD_BYTES, 0, 0)
"""The OPT record of the root that announces that size (RFC 6891 section 6.1.2)."""
_RD: Final = int(dns.flags.RD)
_CD: Final = int(dns.flags.CD)
_ID_BYTES: Final = 2
_QR_BIT: Final = 0x80
_TC_BIT: Final = 0x02
_RCODE_MASK: Final = 0x0F
_MAX_RECORDS: Final = 500


class DnsQuery:
    """A question for a name and a type, put to a resolver (`recurse`) or to the zone's own servers.

    checking_disabled: set the CD bit, so that a resolver returns what it has without validating signatures.
    shows_cname: where the answer passes a CNAME at the name, its reply is to have a `cname_reply` of that.
    """

    def __init__(
        self,
        name: Name,
        rdtype: RdataType,
        *,
        recurse: bool,
        checking_disabled: bool = False,
        shows_cname: bool = False,
    ) -> None:
        self.name = name
        self.rdtype = rdtype
        self.recurse = recurse
        self.shows_cname = shows_cname
        self._flags = (_RD if recurse else 0) | (_CD if checking_disabled else 0)
        self._question_section = encode_name(name) + _TYPE_AND_CLASS.pack(rdtype, RdataClass.IN)

    def to_wire(self, *, edns: bool = True) -> bytes:
        """Encode the query, with a new random id on every call."""
        query_id = int.from_bytes(os.urandom(_ID_BYTES))
        header = _HEADER.pack(query_id, self._flags, 1, 0, 0, 1 if edns else 0)
        return header + self._question_section + (_EDNS if edns else b"")

    def build_answer_test(self, wire: bytes) -> Callable[[bytes], bool]:
        """Build the test whether bytes answer `wire`: by the id, the QR bit and the question (refusals may omit it)."""
        question_section = self._question_section.lower()
        question_end = _HEADER_BYTES + len(question_section)

        def is_answer(received: bytes) -> bool:
            if len(received) < _HEADER_BYTES or received[:_ID_BYTES] != wire[:_ID_BYTES] or not received[2] & _QR_BIT:
                return False
            questions = int.from_bytes(received[4:6])
            if questions == 0:
                return bool(received[3] & _RCODE_MASK)
            return questions == 1 and received[_HEADER_BYTES:question_end].lower() == question_section

        return is_answer


def is_truncated(received: bytes) -> bool:
    """Whether the answer was truncated and has to be fetched over TCP."""
    return bool(received[2] & _TC_BIT)


def has_too_many_records(received: bytes) -> bool:
    """Whether an answer announces more records than any honest one has: reading them would cost too much."""
    counts: tuple[int, int, int] = _RECORD_COUNTS.unpack_from(received, _HEADER_BYTES - _RECORD_COUNTS.size)
    return sum(counts) > _MAX_RECORDS
