"""Parse records in presentation form, as people write them in a zone file (RFC 1035 §5.1)."""

from collections.abc import Sequence
from typing import Final

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
from dns.name import Name
from dns.rdataset import Rdataset
from dns.rdatatype import RdataType

from dcvd.errors import InvalidInput
from dcvd.sandbox.http.decoding import error_text

KNOWN_TYPES: Final = {
    rdtype.name: rdtype
    for rdtype in (
        RdataType.A, RdataType.AAAA, RdataType.CAA, RdataType.CNAME, RdataType.DNSKEY, RdataType.DS, RdataType.HTTPS,
        RdataType.MX, RdataType.NS, RdataType.PTR, RdataType.SOA, RdataType.SRV, RdataType.SVCB, RdataType.TLSA,
        RdataType.TXT,
    )
}  # fmt: skip
_SINGLETON_TYPES: Final = frozenset({RdataType.CNAME, RdataType.SOA})
_MAX_TTL: Final = 2**31 - 1
DEFAULT_TTL: Final = 60


def parse_name(text: str, *, field: str = "name") -> Name:
    """Parse an absolute name, with or without its trailing dot. Raises InvalidInput."""
    if not text or not text.isascii():
        raise InvalidInput(field, f"{field} {text!r} is not a DNS name; write it in ASCII (A-labels), such as a.test.")
    try:
        return dns.name.from_text(text, dns.name.root)
    except (dns.exception.DNSException, ValueError) as error:
        raise InvalidInput(field, f"{field} {text!r} is not a DNS name: {error_text(error)}.") from error


def parse_type(text: str) -> RdataType:
    """Parse a type of records. Raises InvalidInput for a type that the sandbox does not keep."""
    rdtype = KNOWN_TYPES.get(text.upper())
    if rdtype is None:
        raise InvalidInput("type", f"type is {text!r}; it has to be one of: {', '.join(KNOWN_TYPES)}.")
    return rdtype


def parse_records(rdtype: RdataType, values: Sequence[str], ttl: int) -> Rdataset:
    """Build the set of these values; names in them are absolute. Raises InvalidInput naming the member at fault."""
    if not 0 <= ttl <= _MAX_TTL:
        raise InvalidInput("ttl", f"ttl {ttl} is not between 0 and {_MAX_TTL} seconds.")
    if not values:
        raise InvalidInput("values", "values is empty; to remove the records use DELETE.")
    if rdtype in _SINGLETON_TYPES and len(values) > 1:
        raise InvalidInput("values", f"values holds {len(values)} records; a name has one {rdtype.name} at most.")
    rdataset = dns.rdataset.Rdataset(dns.rdataclass.IN, rdtype)
    for index, value in enumerate(values):
        try:
            rdata = dns.rdata.from_text(dns.rdataclass.IN, rdtype, value, origin=dns.name.root, relativize=False)
        except (dns.exception.DNSException, ValueError) as error:
            raise InvalidInput(
                "values", f"values[{index}] {value!r} is not {rdtype.name} data: {error_text(error)}."
            ) from error
        rdataset.add(rdata, ttl)
    return rdataset
