"""Generate, use and publish the key that signs links to our template (RS256, RFC 7518 §3.3)."""

import base64
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from dcvd.core.secret import Secret

_BITS: Final = 2048
_EXPONENT: Final = 65_537


def sign(query: str, private_key: Secret) -> str:
    """Return the signature of a query, in base64."""
    signature = _load_key(private_key).sign(query.encode("ascii"), PKCS1v15(), SHA256())
    return base64.b64encode(signature).decode("ascii")


def generate_key() -> Secret:
    """Return a new private key in PEM."""
    key = generate_private_key(_EXPONENT, _BITS)
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii"))


def encode_public_key(private_key: Secret) -> bytes:
    """Return the public key as it is published: SubjectPublicKeyInfo in base64."""
    der = _load_key(private_key).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der)


def _load_key(private_key: Secret) -> RSAPrivateKey:
    # The configuration has checked the key; another check here would take a hundred times as long as signing.
    key = load_pem_private_key(private_key.reveal().encode(), password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, RSAPrivateKey), "the configuration takes only RSA keys"
    return key
