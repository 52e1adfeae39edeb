"""The key that updates are signed with, as dnspython wants it."""

import base64
import binascii
from typing import Final

import dns.name
import dns.tsig
from dns.name import Name

from dcvd.core.connections.credentials import TsigKey
from dcvd.errors import InvalidInput

ALGORITHMS: Final = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
"""The rest of RFC 8945 §6 is MD5 and SHA-1, or cut short."""
_MIN_SECRET_BYTES: Final = 16
_MAX_SECRET_BYTES: Final = 512
"""Bytes."""
_LONGEST_NAME: Final = 253


def build_key(tsig: TsigKey) -> dns.tsig.Key:
    """Its `repr` shows the secret: it is never to be logged. Raises InvalidInput naming the field at fault."""
    if tsig.algorithm not in ALGORITHMS:
        raise InvalidInput("algorithm", f"The algorithm of a TSIG key is one of: {', '.join(ALGORITHMS)}.")
    name = parse_name(tsig.key_name, "keyName", "The name of the TSIG key")
    try:
        secret = base64.b64decode(tsig.secret.reveal(), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("secret", "The secret of the TSIG key is not base64.") from None
    if not _MIN_SECRET_BYTES <= len(secret) <= _MAX_SECRET_BYTES:
        raise InvalidInput(
            "secret",
            f"The secret of the TSIG key has {len(secret)} bytes; {_MIN_SECRET_BYTES} to {_MAX_SECRET_BYTES} are "
            "taken.",
        )
    return dns.tsig.Key(name, secret, dns.name.from_text(tsig.algorithm))


def parse_name(text: str, field: str, what: str) -> Name:
    """The absolute name. Raises InvalidInput for what is none; `what` begins its sentence."""
    labels = text.rstrip(".")
    try:
        if not labels or len(labels) > _LONGEST_NAME or not labels.isascii() or not labels.isprintable():
            raise ValueError(text)
        return dns.name.from_text(labels)
    except (dns.exception.DNSException, ValueError):
        raise InvalidInput(field, f"{what} is not a name in DNS.") from None
