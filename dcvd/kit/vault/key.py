"""A key of the vault: 32 bytes that do not show themselves, known by a fingerprint."""

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
_ITERATIONS: Final = 600_000  # OWASP's least for PBKDF2 with HMAC-SHA256
_HEX: Final = re.compile(r"[0-9A-Fa-f]{64}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{43}=|[A-Za-z0-9_-]{43}=")
_FINGERPRINT_PREFIX: Final = b"dcvd vault key id\0"


class VaultKey:
    """What everything else is derived from; `id` is 16 hex digits that say which key it is and nothing of the key."""

    __slots__ = ("_raw", "id")
    __hash__ = None  # type: ignore[assignment]  # meant: a key's id is what names it

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise ValueError(f"a key of the vault has {KEY_BYTES} bytes, not {len(raw)}")
        self._raw = raw
        self.id = hashlib.sha256(_FINGERPRINT_PREFIX + raw).hexdigest()[: 2 * ID_BYTES]

    @classmethod
    def generate(cls, random: RandomBytes) -> "VaultKey":
        """A new key."""
        return cls(random(KEY_BYTES))

    @classmethod
    def parse(cls, text: Secret) -> "VaultKey | None":
        """The key of 64 hexadecimal or 44 base64 characters (of either alphabet); None for every other text."""
        written = text.reveal()
        if _HEX.fullmatch(written):
            return cls(bytes.fromhex(written))
        if _BASE64.fullmatch(written):
            return cls(binascii.a2b_base64(written.translate({ord("-"): "+", ord("_"): "/"})))
        return None

    @classmethod
    def parse_lines(cls, text: Secret) -> "list[VaultKey]":
        """The keys of a text with one a line, in their order and each once; [] for a passphrase.

        Raises ValueError, with the end of a sentence that begins with where the text is, when some lines are keys and
        others are not.
        """
        lines = [(number, line.strip()) for number, line in enumerate(text.reveal().splitlines(), 1) if line.strip()]
        parsed = [(number, cls.parse(Secret(line))) for number, line in lines]
        strangers = [str(number) for number, key in parsed if key is None]
        if len(strangers) == len(parsed):
            return []
        if strangers:
            raise ValueError(
                f"has keys, but none in line {', '.join(strangers)}: a file holds keys of {KEY_FORMS}, one a line, or "
                "a "
                "passphrase alone"
            )
        return list({key.id: key for _, key in parsed if key is not None}.values())

    @classmethod
    def from_passphrase(cls, passphrase: Secret, salt: bytes) -> "VaultKey":
        """The key of a passphrase and its salt; takes about a tenth of a second, so not on the event loop."""
        derivation = PBKDF2HMAC(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=salt, iterations=_ITERATIONS)
        return cls(derivation.derive(passphrase.reveal().encode("utf-8", "surrogateescape")))

    def derive_subkey(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF-SHA256, RFC 5869), which give away neither this key nor another subkey."""
        return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(self._raw)

    def to_text(self) -> Secret:
        """The text that `parse` reads: 44 base64 characters."""
        return Secret(base64.b64encode(self._raw).decode())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VaultKey):
            return NotImplemented
        return compare_digest(self._raw, other._raw)

    def __repr__(self) -> str:
        return f"VaultKey({self.id})"

    def __reduce__(self) -> str:
        raise TypeError("a VaultKey is not pickled: it stays in the process that has it")
