"""The keys with which a provider signs (RFC 7517), and whether it has signed a token with one of them (RFC 7518).

The key decides the algorithm, never the token alone: so no public key is taken for a shared secret, and nothing is
taken unsigned.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from msgspec import Struct

from dcvd.core.oidc.id_tokens import UnverifiedToken

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

_MAX_KEYS: Final = 50
_MIN_RSA_BITS: Final = 2048
_MAX_RSA_BITS: Final = 8192
_P256_BYTES: Final = 32
_RS256: Final = "RS256"
_ES256: Final = "ES256"
_EDDSA: Final = ("EdDSA", "Ed25519")
"""The second is its name since RFC 9864."""


class VerificationKey(Struct, frozen=True):
    """A public key, and the names of the one algorithm that it is for."""

    key_id: str | None
    algorithms: tuple[str, ...]
    public_key: PublicKey


def read_keys(document: Mapping[str, Any]) -> list[VerificationKey]:
    """Read the keys of a JWK set that are for signatures which dcvd knows; others are passed over."""
    keys = document.get("keys")
    if not isinstance(keys, list):
        return []
    found = [_read_key(key) for key in keys[:_MAX_KEYS] if isinstance(key, dict)]
    return [key for key in found if key is not None]


def is_signed(token: UnverifiedToken, keys: Iterable[VerificationKey]) -> bool:
    """Whether a token is signed with one of these keys: the one that it names, where it names one."""
    return any(
        _verify(key.public_key, token)
        for key in keys
        if token.algorithm in key.algorithms and token.key_id in (None, key.key_id)
    )


def _read_key(key: Mapping[str, Any]) -> VerificationKey | None:
    if key.get("use", "sig") != "sig" or "verify" not in _list_texts(key.get("key_ops", ["verify"])):
        return None
    try:
        algorithms, public_key = _build_key(key)
    except (ValueError, TypeError, KeyError, binascii.Error):
        return None
    if key.get("alg", algorithms[0]) not in algorithms:
        return None
    key_id = key.get("kid")
    return VerificationKey(key_id if isinstance(key_id, str) else None, algorithms, public_key)


def _build_key(key: Mapping[str, Any]) -> tuple[tuple[str, ...], PublicKey]:
    """Build a key from its numbers. Raises ValueError, TypeError, KeyError."""
    match key.get("kty"), key.get("crv"):
        case "RSA", _:
            modulus, exponent = _read_number(key["n"]), _read_number(key["e"])
            if not _MIN_RSA_BITS <= modulus.bit_length() <= _MAX_RSA_BITS:
                raise ValueError("too short or too long")
            return (_RS256,), rsa.RSAPublicNumbers(exponent, modulus).public_key()
        case "EC", "P-256":
            point = ec.EllipticCurvePublicNumbers(_read_number(key["x"]), _read_number(key["y"]), ec.SECP256R1())
            return (_ES256,), point.public_key()
        case "OKP", "Ed25519":
            return _EDDSA, ed25519.Ed25519PublicKey.from_public_bytes(_decode(key["x"]))
        case _:
            raise ValueError("a kind of key that is not known here")


def _verify(key: PublicKey, token: UnverifiedToken) -> bool:
    try:
        match key:
            case rsa.RSAPublicKey():
                key.verify(token.signature, token.signed, padding.PKCS1v15(), hashes.SHA256())
            case ec.EllipticCurvePublicKey():
                key.verify(_read_point(token.signature), token.signed, ec.ECDSA(hashes.SHA256()))
            case ed25519.Ed25519PublicKey():
                key.verify(token.signature, token.signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _read_point(signature: bytes) -> bytes:
    """Return a signature of two numbers (RFC 7518, section 3.4) as DER. Raises ValueError."""
    if len(signature) != 2 * _P256_BYTES:
        raise ValueError("a signature of another length")
    return encode_dss_signature(
        int.from_bytes(signature[:_P256_BYTES], "big"), int.from_bytes(signature[_P256_BYTES:], "big")
    )


def _list_texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _read_number(value: object) -> int:
    return int.from_bytes(_decode(value), "big")


def _decode(value: object) -> bytes:
    if not isinstance(value, str):
        raise TypeError("no text")
    return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
