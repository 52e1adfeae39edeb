"""ID tokens: read, and held to what was asked for (OpenID Connect Core, section 3.1.3.7).

Whether the provider signed one is found out where its keys are.
"""

import base64
import binascii
from hmac import compare_digest
from typing import Any, Final

import msgspec
from msgspec import Struct

from dcvd.core.instants import MINUTE, SECOND
from dcvd.core.oidc.attempts import ATTEMPT_LIFETIME_MS

MAX_SKEW_MS: Final = MINUTE
"""By how much the clocks of the provider and of this machine may differ."""
_MAX_TOKEN_CHARACTERS: Final = 32 * 1024
_MAX_SUBJECT_CHARACTERS: Final = 255
_MAX_SECONDS: Final = 1 << 40

Claims = dict[str, Any]


class IdTokenRefused(Exception):
    """An ID token does not show who the person is; the message goes on behind "the ID token"."""


class UnverifiedToken(Struct, frozen=True, kw_only=True):
    """The parts of a signed token (RFC 7515, section 7.1), before anybody has looked at the signature.

    algorithm, key_id: with which it says that it was signed; key_id is None where it names no key.
    """

    algorithm: str
    key_id: str | None
    signed: bytes
    signature: bytes
    claims: Claims


def parse_id_token(text: str) -> UnverifiedToken:
    """Read a token. Raises IdTokenRefused."""
    parts = text.split(".")
    if len(text) > _MAX_TOKEN_CHARACTERS or not text.isascii() or len(parts) != 3:
        raise IdTokenRefused("is no signed token")
    header, claims = _decode_object(parts[0]), _decode_object(parts[1])
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(key_id, str | None):
        raise IdTokenRefused("does not say how it was signed")
    if "crit" in header:
        raise IdTokenRefused("needs an extension that is not known here")
    return UnverifiedToken(
        algorithm=algorithm,
        key_id=key_id,
        signed=f"{parts[0]}.{parts[1]}".encode(),
        signature=_decode(parts[2]),
        claims=claims,
    )


def check_claims(claims: Claims, *, issuer: str, client_id: str, nonce: str, now: int) -> str:
    """Check that a token is from this issuer, for us, for this attempt and of now; return its subject.

    Raises IdTokenRefused.
    """
    if claims.get("iss") != issuer:
        raise IdTokenRefused("is another issuer's")
    audiences = claims.get("aud")
    audiences = [audiences] if isinstance(audiences, str) else audiences
    if not isinstance(audiences, list) or client_id not in audiences:
        raise IdTokenRefused("is for another client")
    party = claims.get("azp")
    if party != client_id and (party is not None or len(audiences) > 1):
        raise IdTokenRefused("was given to another client")
    _check_time(claims, now)
    given = claims.get("nonce")
    if not isinstance(given, str) or not compare_digest(given.encode(), nonce.encode()):
        raise IdTokenRefused("is of another attempt to sign in")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT_CHARACTERS:
        raise IdTokenRefused("names nobody")
    return subject


def _check_time(claims: Claims, now: int) -> None:
    if now >= _read_instant(claims, "exp") + MAX_SKEW_MS:
        raise IdTokenRefused("has expired, or a clock is wrong")
    issued_at = _read_instant(claims, "iat")
    if issued_at > now + MAX_SKEW_MS:
        raise IdTokenRefused("is of the future, or a clock is wrong")
    if issued_at < now - ATTEMPT_LIFETIME_MS - MAX_SKEW_MS:
        raise IdTokenRefused("is older than any attempt to sign in, or a clock is wrong")
    if "nbf" in claims and _read_instant(claims, "nbf") > now + MAX_SKEW_MS:
        raise IdTokenRefused("is not valid yet, or a clock is wrong")


def _read_instant(claims: Claims, name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < _MAX_SECONDS:
        raise IdTokenRefused(f"has no {name}")
    return int(value * SECOND)


def _decode_object(part: str) -> Claims:
    try:
        document = msgspec.json.decode(_decode(part))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise IdTokenRefused("cannot be read")
    return document


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise IdTokenRefused("cannot be read") from None
