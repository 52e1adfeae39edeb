"""Build the TSIG key that signs updates, as dnspython needs it."""

import base64
import binascii
from typing import Final

import dns.name
import dns.tsig
from dns.name import Name

from dcvd.core.addresses import MAX_NAME_CHARS
from dcvd.core.connections.credentials import TsigKey
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput

ALGORITHMS: Final = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
"""The algorithms that are taken; the others of RFC 8945 §6 use MD5 or SHA-1, or are truncated."""
_MIN_SECRET_BYTES: Final = 16
_MAX_SECRET_BYTES: Final = 512


def build_key(tsig: TsigKey) -> dns.tsig.Key:
    """Build the key, which must never be logged: its `repr` shows the secret.

    Raises InvalidInput naming the field at fault.
    """
    if tsig.algorithm not in ALGORITHMS:
        raise InvalidInput("algorithm", word("tsig_algorithm_unknown", known=", ".join(ALGORITHMS)))
    name = parse_name(tsig.key_name, "keyName", "The name of the TSIG key")
    try:
        secret = base64.b64decode(tsig.secret.reveal(), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("secret", word("tsig_secret_no_base64")) from None
    if not _MIN_SECRET_BYTES <= len(secret) <= _MAX_SECRET_BYTES:
        raise InvalidInput(
            "secret",
            word("tsig_secret_length", bytes=len(secret), least=_MIN_SECRET_BYTES, most=_MAX_SECRET_BYTES),
        )
    return dns.tsig.Key(name, secret, dns.name.from_text(tsig.algorithm))


def parse_name(text: str, field: str, what: str) -> Name:
    """Return an absolute name. Raises InvalidInput for anything else; `what` begins its message."""
    labels = text.rstrip(".")
    try:
        if not labels or len(labels) > MAX_NAME_CHARS or not labels.isascii() or not labels.isprintable():
            raise ValueError(text)
        return dns.name.from_text(labels)
    except (dns.exception.DNSException, ValueError):
        raise InvalidInput(field, word("tsig_name_unusable", what=what)) from None
