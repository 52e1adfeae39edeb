"""The two signatures of a webhook: the predecessor's and that of Standard Webhooks v1.

One secret of 64 hex characters keys both: `X-DCVaaS-Signature` uses it as text, Standard Webhooks its 32 bytes, which
the tenant sees as `whsec_` and standard base64. One of another form, which the predecessor made, keys both as text.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import Final

from dcvd.core.ids import RandomBytes
from dcvd.core.secret import Secret

SIGNATURE_HEADER: Final = "X-DCVaaS-Signature"
PREVIOUS_SIGNATURE_HEADER: Final = "X-DCVaaS-Signature-Previous"
EVENT_HEADER: Final = "X-DCVaaS-Event"
_HEX: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_BLOCK_BYTES: Final = 64
_INNER_PAD: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD: Final = bytes(byte ^ 0x5C for byte in range(256))


def new_secret(random: RandomBytes) -> Secret:
    """Return a new secret: 64 hex characters, 256 random bits."""
    return Secret(random(32).hex())


def to_standard_secret(secret: Secret) -> Secret:
    """Return the secret in the form that Standard Webhooks libraries take: `whsec_…`."""
    return Secret("whsec_" + base64.b64encode(_standard_key(secret.reveal())).decode())


def _standard_key(text: str) -> bytes:
    return bytes.fromhex(text) if _HEX.fullmatch(text) is not None else text.encode()


class _KeyedHash:
    """HMAC-SHA256 (RFC 2104) whose two hashes have taken the key already, which is most of the work for a usual body.

    The module hmac sets them up anew for each text, or copies them at twice the cost.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= _BLOCK_BYTES else hashlib.sha256(key).digest()).ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER_PAD))
        self._outer = hashlib.sha256(block.translate(_OUTER_PAD))

    def digest(self, text: bytes) -> bytes:
        inner = self._inner.copy()
        inner.update(text)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


class SigningKey(Secret):
    """A secret that signs again and again: what signing needs is made of it once."""

    __slots__ = ("_dcvaas_hash", "_standard_hash")

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self._dcvaas_hash: _KeyedHash | None = None
        self._standard_hash: _KeyedHash | None = None

    def digest_dcvaas(self, body: bytes) -> str:
        """Return the HMAC-SHA256 in hex, keyed with the secret's text."""
        if self._dcvaas_hash is None:
            self._dcvaas_hash = _KeyedHash(self.reveal().encode())
        return self._dcvaas_hash.digest(body).hex()

    def digest_standard(self, content: bytes) -> str:
        """Return the HMAC-SHA256 in standard base64, keyed with the secret's bytes."""
        if self._standard_hash is None:
            self._standard_hash = _KeyedHash(_standard_key(self.reveal()))
        return binascii.b2a_base64(self._standard_hash.digest(content), newline=False).decode()


def dcvaas_signature(secret: Secret, body: bytes) -> str:
    """Return the HMAC-SHA256 of the body in hex, keyed with the secret's text."""
    return _prepare(secret).digest_dcvaas(body)


def standard_signature(secrets: Sequence[Secret], message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return `v1,<base64>` for each secret, newest first, joined by exactly one space."""
    content = b"%s.%d.%s" % (message_id.encode(), timestamp_s, body)
    if len(secrets) == 1:  # nearly every endpoint has one
        return "v1," + _prepare(secrets[0]).digest_standard(content)
    return " ".join(["v1," + _prepare(secret).digest_standard(content) for secret in secrets])


def build_headers(
    secrets: Sequence[Secret], *, message_id: str, event_type: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """Return every header of a webhook that depends on its content.

    `secrets` are newest first, during a rotation with the earlier ones. `timestamp_s` is that of this attempt.
    """
    headers = {
        SIGNATURE_HEADER: dcvaas_signature(secrets[0], body),
        EVENT_HEADER: event_type,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": standard_signature(secrets, message_id, timestamp_s, body),
    }
    if len(secrets) > 1:
        headers[PREVIOUS_SIGNATURE_HEADER] = dcvaas_signature(secrets[1], body)
    return headers


def _prepare(secret: Secret) -> SigningKey:
    return secret if isinstance(secret, SigningKey) else SigningKey(secret.reveal())
