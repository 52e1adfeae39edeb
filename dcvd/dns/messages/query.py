"""One question as it goes out, and whether what comes back can be its answer."""

import secrets
from collections.abc import Callable
from typing import Final

import dns.flags
import dns.message
from dns.name import Name
from dns.rdatatype import RdataType

_PAYLOAD: Final = 1232
"""EDNS buffer size that crosses every path unfragmented (DNS Flag Day 2020)."""
_HEADER: Final = 12
_ID: Final = 2
_RESPONSE: Final = 0x80
_TRUNCATED: Final = 0x02
_RCODE: Final = 0x0F
_MOST_RECORDS: Final = 500
_TYPE_AND_CLASS: Final = 4


class Question:
    """A name and a type, asked of a resolver (`recurse`) or of the zone's own servers.

    unchecked: with the CD bit, so that a resolver tells what it found without judging its signatures.
    """

    def __init__(self, name: Name, rdtype: RdataType, *, recurse: bool, unchecked: bool = False) -> None:
        self.name = name
        self.rdtype = rdtype
        self.recurse = recurse
        self._flags = (dns.flags.RD if recurse else 0) | (dns.flags.CD if unchecked else 0)
        self._wire = self._encoded(edns=True)
        self._end = _HEADER + len(name.to_wire() or b"") + _TYPE_AND_CLASS
        self._question = self._wire[_HEADER : self._end].lower()

    def wire(self, *, edns: bool = True) -> bytes:
        """With a random id, fresh on every call."""
        return secrets.token_bytes(_ID) + (self._wire if edns else self._encoded(edns=False))[_ID:]

    def acceptor(self, wire: bytes) -> Callable[[bytes], bool]:
        """Whether bytes answer `wire`: its id, its question (which a server may leave out of a refusal), the QR bit."""

        def is_answer(received: bytes) -> bool:
            if len(received) < _HEADER or received[:_ID] != wire[:_ID] or not received[2] & _RESPONSE:
                return False
            questions = int.from_bytes(received[4:6])
            if questions == 0:
                return bool(received[3] & _RCODE)
            return questions == 1 and received[_HEADER : self._end].lower() == self._question

        return is_answer

    def _encoded(self, *, edns: bool) -> bytes:
        options = {"use_edns": 0, "payload": _PAYLOAD} if edns else {"use_edns": False}
        return dns.message.make_query(self.name, self.rdtype, id=0, flags=self._flags, **options).to_wire()


def is_truncated(received: bytes) -> bool:
    """Whether the answer was cut and is to be fetched over TCP."""
    return bool(received[2] & _TRUNCATED)


def is_crowded(received: bytes) -> bool:
    """Whether an answer announces more records than any honest one has: reading them would cost too much."""
    return sum(int.from_bytes(received[at : at + 2]) for at in (6, 8, 10)) > _MOST_RECORDS
