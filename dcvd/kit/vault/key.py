"""A key of the vault: 32 bytes that are never shown, identified by a fingerprint."""

import base64
import binascii
import hashlib
import re
from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from dcvd.core.ids import RandomBytes
from dcvd.core.secret import Secret

KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
ID_BYTES: Final = 8
KEY_FORMS: Final = "44 base64 or 64 hexadecimal characters"
_ITERATIONS: Final = 600_000  # OWASP's minimum for PBKDF2 with HMAC-SHA256
_HEX: Final = re.compile(r"[0-9A-Fa-f]{64}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{43}=|[A-Za-z0-9_-]{43}=")
_FINGERPRINT_PREFIX: Final = b"dcvd vault key id\0"


class VaultKey:
    """The key that subkeys are derived from. id: 16 hex digits that identify the key and reveal nothing of it."""

    __slots__ = ("_raw", "id")
    __hash__ = None  # type: ignore[assignment]  # intended: a key's id identifies it

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise ValueError(f"a key of the vault has {KEY_BYTES} bytes, not {len(raw)}")
        self._raw = raw
        self.id = hashlib.sha256(_FINGERPRINT_PREFIX + raw).hexdigest()[: 2 * ID_BYTES]

    @classmethod
    def generate(cls, random: RandomBytes) -> "VaultKey":
        """Generate a new key."""
        return cls(random(KEY_BYTES))

    @classmethod
    def parse(cls, text: Secret) -> "VaultKey | None":
        """Parse 64 hexadecimal or 44 base64 characters (of either alphabet); return None for every other text."""
        characters = text.reveal()
        if _HEX.fullmatch(characters):
            return cls(bytes.fromhex(characters))
        if _BASE64.fullmatch(characters):
            return cls(binascii.a2b_base64(characters.translate({ord("-"): "+", ord("_"): "/"})))
        return None

    @classmethod
    def parse_lines(cls, text: Secret) -> "list[VaultKey]":
        """Parse a text with one key a line, and return each key once, in their order; [] for a passphrase.

        Raises ValueError when some lines are keys and others are not. Its message is the end of a sentence that begins
        with the place of the text.
        """
        lines = [(number, line.strip()) for number, line in enumerate(text.reveal().splitlines(), 1) if line.strip()]
        parsed = [(number, cls.parse(Secret(line))) for number, line in lines]
        invalid_lines = [str(number) for number, key in parsed if key is None]
        if len(invalid_lines) == len(parsed):
            return []
        if invalid_lines:
            raise ValueError(
                f"has keys, but none in line {', '.join(invalid_lines)}: a file holds keys of {KEY_FORMS}, one a line, "
                "or a passphrase alone"
            )
        return list({key.id: key for _, key in parsed if key is not None}.values())

    @classmethod
    def from_passphrase(cls, passphrase: Secret, salt: bytes) -> "VaultKey":
        """Derive the key of a passphrase and its salt. Takes about 0.1 s, so do not call it on the event loop."""
        derivation = PBKDF2HMAC(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=salt, iterations=_ITERATIONS)
        return cls(derivation.derive(passphrase.reveal().encode("utf-8", "surrogateescape")))

    def derive_subkey(self, purpose: str) -> bytes:
        """Derive 32 bytes for one purpose (HKDF-SHA256, RFC 5869), which reveal neither this key nor another subkey."""
        return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(self._raw)

    def to_text(self) -> Secret:
        """Return the text that `parse` reads: 44 base64 characters."""
        return Secret(base64.b64encode(self._raw).decode())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VaultKey):
            return NotImplemented
        return compare_digest(self._raw, other._raw)

    def __repr__(self) -> str:
        return f"VaultKey({self.id})"

    def __reduce__(self) -> str:
        raise TypeError("a VaultKey is not pickled: it stays in the process that has it")
