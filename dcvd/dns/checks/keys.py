"""Whether the DS records at the parent lead to a key of the zone (RFC 4035 section 5.2)."""

from collections.abc import Iterable
from typing import Final

import dns.dnssec
import dns.exception
from dns.name import Name

from dcvd.dns.messages.message import Rdata
from dcvd.dns.messages.reply import DnsReply

_ALGORITHMS: Final = frozenset({5, 7, 8, 10, 13, 14, 15, 16})
_DIGESTS: Final = frozenset({1, 2, 4})
"""Those that validators know (RFC 8624)."""


def has_matching_key(zone: Name, ds_records: Iterable[Rdata], keys: DnsReply) -> bool | None:
    """Return whether one of the DS records leads to a DNSKEY; None where the keys, or the digests, cannot be read."""
    if not keys.is_answered:
        return None
    is_readable = False
    for ds_record in ds_records:
        if ds_record.algorithm not in _ALGORITHMS or ds_record.digest_type not in _DIGESTS:
            continue  # validators pass these by, and a zone with no others counts as unsigned
        candidates = [key for key in keys.rdatas if dns.dnssec.key_id(key) == ds_record.key_tag]
        for key in candidates:
            try:
                made = dns.dnssec.make_ds(zone, key, ds_record.digest_type, validating=True)
            except (dns.exception.DNSException, ValueError):
                continue
            is_readable = True
            if made.digest == ds_record.digest:
                return True
        # A DS record of no key of this zone says the same, whatever its digest.
        is_readable = is_readable or not candidates
    return False if is_readable else None
