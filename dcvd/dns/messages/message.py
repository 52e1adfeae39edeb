"""Read a DNS message as far as every look needs it: its records, and their data where somebody asks for it. Pure.

dnspython builds an object for each name, record and set of a message, of which a routine look uses one or two; that
was most of what a look cost. It still reads the data of records, and all names that are compressed in unusual ways.
"""

import struct
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

import dns.exception
import dns.name
import dns.rdata
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from msgspec import Struct

from dcvd.dns.messages.names import encode_name

Rdata = Any
"""A record's data, as dnspython has it: its attributes are those of its type."""

_HEADER: Final = struct.Struct("!HHHHHH")
_QUESTION: Final = struct.Struct("!HH")
_RECORD: Final = struct.Struct("!HHIH")
_SOA_NUMBERS: Final = struct.Struct("!IIIII")
_MAX_NAME_BYTES: Final = 255
_MAX_LABEL_BYTES: Final = 63
_POINTER_BITS: Final = 0xC0
_MAX_TTL: Final = 2**31 - 1
_OPCODE_BITS: Final = 0x7800
_RCODE_BITS: Final = 0x0F
_ROOT: Final = b"\0"
_ADDITIONAL: Final = 2
"""The place of that section among the three of records."""
_IN: Final = int(RdataClass.IN)
_SOA: Final = int(RdataType.SOA)
_OPT: Final = int(RdataType.OPT)
_TSIG: Final = int(RdataType.TSIG)
_ADDRESS_LENGTHS: Final = {int(RdataType.A): 4, int(RdataType.AAAA): 16}
_NAME_TYPES: Final = frozenset({int(RdataType.CNAME), int(RdataType.NS)})
_SINGLETON_TYPES: Final = frozenset({int(RdataType.CNAME), _SOA})
_REMEMBERED_RDATAS: Final = 1024
"""Those of our targets and of providers' name servers stand in most answers."""


class UnusableReply(Exception):  # a fact about a server, not a failure of dcvd; it never leaves this package
    """The received bytes are no DNS message that could be an answer."""


UNREADABLE_ERRORS: Final = (dns.exception.DNSException, UnusableReply, ValueError, IndexError, struct.error)
"""All that reading a message raises where it is none."""


class MessageRecord(NamedTuple):
    """A record. owner: its name, uncompressed and in lower case. data: as it stands in a message without compression.

    rdata: that of a rare type, which was made at once, because nothing else tells whether its data are sound.
    """

    owner: bytes
    rdtype: int
    rdclass: int
    ttl: int
    data: bytes
    rdata: Rdata | None

    @property
    def identity(self) -> Hashable:
        """The same for two records of one name and type exactly where their data are."""
        if self.rdata is not None:
            return cast(Hashable, self.rdata)
        return self.data.lower() if self.rdtype in _NAME_TYPES else self.data

    def to_rdata(self) -> Rdata:
        """Return its data as dnspython has it."""
        return _make_rdata(self.rdtype, self.data) if self.rdata is None else self.rdata


class RecordSet(Struct, frozen=True):
    """The records of one name and type, of which there is at least one. ttl: the shortest."""

    owner: bytes
    records: Sequence[MessageRecord]

    @property
    def ttl(self) -> int:
        return self.records[0].ttl if len(self.records) == 1 else min([record.ttl for record in self.records])

    @property
    def last(self) -> MessageRecord:
        """The record that counts of a type of which a name has one."""
        return self.records[-1]

    def to_rdatas(self) -> tuple[Rdata, ...]:
        """Return the data of its records, each once."""
        if len(self.records) == 1 or self.last.rdtype in _SINGLETON_TYPES:
            return (self.last.to_rdata(),)
        different: dict[Hashable, MessageRecord] = {}
        for record in self.records:
            different.setdefault(record.identity, record)
        return tuple([record.to_rdata() for record in different.values()])


class DnsMessage(Struct, frozen=True):
    """A message of one server. rcode: with the bits that EDNS adds."""

    flags: int
    rcode: int
    answer: Sequence[MessageRecord]
    authority: Sequence[MessageRecord]
    additional: Sequence[MessageRecord]


def find_records(section: Sequence[MessageRecord], owner: bytes, rdtype: int) -> RecordSet | None:
    """Return the records of one name (in lower case) and type in a section, if there are any."""
    if not section:
        return None
    records = [each for each in section if each.rdtype == rdtype and each.owner == owner and each.rdclass == _IN]
    return RecordSet(owner, records) if records else None


def read_soa_numbers(record: MessageRecord) -> tuple[int, int]:
    """Return the serial and the minimum of an SOA record."""
    serial, _, _, _, minimum = _SOA_NUMBERS.unpack(record.data[-_SOA_NUMBERS.size :])
    return serial, minimum


def read_message(wire: bytes) -> DnsMessage:
    """Read a message, and leave aside what follows it. Raises one of UNREADABLE_ERRORS for what is none."""
    _, flags, question_count, *counts = _HEADER.unpack_from(wire)
    if flags & _OPCODE_BITS:
        raise UnusableReply("an answer to no query")
    names: dict[int, bytes] = {}
    at = _HEADER.size
    for _ in range(question_count):
        _, at = _read_name(wire, at, names)
        _QUESTION.unpack_from(wire, at)
        at += _QUESTION.size
    sections: list[list[MessageRecord]] = []
    options: list[tuple[int, MessageRecord]] = []
    for number, count in enumerate(counts):
        section: list[MessageRecord] = []
        for _ in range(count):
            record, at = _read_record(wire, at, names)
            section.append(record)
            if record.rdtype == _OPT:
                options.append((number, record))
        sections.append(section)
    rcode = flags & _RCODE_BITS
    if options:
        number, option = options[0]
        if len(options) > 1 or number != _ADDITIONAL or option.owner != _ROOT:
            raise UnusableReply("EDNS out of its place")
        rcode |= option.ttl >> 20 & 0xFF0
    return DnsMessage(flags, rcode, *sections)


def _read_record(wire: bytes, at: int, names: dict[int, bytes]) -> tuple[MessageRecord, int]:
    """Return the record at a place, and the place behind it. names: those that begin at the offsets passed so far."""
    owner, at = _read_name(wire, at, names)
    rdtype, rdclass, ttl, length = _RECORD.unpack_from(wire, at)
    start = at + _RECORD.size
    end = start + length
    if end > len(wire) or rdtype == _TSIG:
        raise UnusableReply("a record that is cut off, or signed for somebody else")
    rdata = None
    if rdclass == _IN and rdtype in _NAME_TYPES:
        data, at = _read_name(wire, start, names)
    elif rdclass == _IN and rdtype == _SOA:
        primary, at = _read_name(wire, start, names)
        mailbox, at = _read_name(wire, at, names)
        data = primary + mailbox + wire[at : at + _SOA_NUMBERS.size]
        at += _SOA_NUMBERS.size
    else:
        data, at = wire[start:end], end
        if rdclass == _IN and rdtype in _ADDRESS_LENGTHS:
            if length != _ADDRESS_LENGTHS[rdtype]:
                raise UnusableReply("an address of another length")
        elif length or rdtype != _OPT:
            rdata = dns.rdata.from_wire(RdataClass.make(rdclass), RdataType.make(rdtype), wire, start, length)
    if at != end:
        raise UnusableReply("a record of another length")
    if ttl > _MAX_TTL and rdtype != _OPT:
        ttl = 0
    return MessageRecord(owner.lower(), rdtype, rdclass, ttl, data, rdata), end


def _read_name(wire: bytes, start: int, names: dict[int, bytes]) -> tuple[bytes, int]:
    """Return the name at a place, uncompressed, and the place behind it."""
    at, suffix, width = start, _ROOT, 1
    while length := wire[at]:
        if length > _MAX_LABEL_BYTES:
            pointer = (length & ~_POINTER_BITS) << 8 | wire[at + 1]
            if length < _POINTER_BITS or pointer not in names:
                name, unusual_length = dns.name.from_wire(wire, start)
                return encode_name(name), start + unusual_length
            if at == start:
                return names[pointer], start + 2
            suffix, width = names[pointer], 2
            break
        at += length + 1
    whole = wire[start:at] + suffix
    if len(whole) > _MAX_NAME_BYTES:
        raise UnusableReply("a name that is too long")
    offset = start
    while offset < at:
        names[offset] = whole[offset - start :]
        offset += wire[offset] + 1
    return whole, at + width


@lru_cache(_REMEMBERED_RDATAS)
def _make_rdata(rdtype: int, data: bytes) -> Rdata:
    return dns.rdata.from_wire(RdataClass.IN, RdataType.make(rdtype), data, 0, len(data))
