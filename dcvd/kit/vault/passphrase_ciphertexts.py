"""Decrypts the tokens that the predecessor has encrypted by a passphrase.

A ciphertext is base64 of salt (16 bytes), iv (12 bytes) and AES-256-GCM ciphertext with its tag; the key is
PBKDF2-HMAC-SHA256 of the passphrase and the salt.
"""

import binascii
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from dcvd.core.secret import Secret

_SALT_BYTES: Final = 16
_IV_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
_ITERATIONS: Final = 100_000


class UnreadableCiphertext(ValueError):
    """A token cannot be decrypted; the message is the end of a sentence that begins with what it is."""


def decrypt(ciphertext: str, passphrases: Sequence[Secret]) -> Secret:
    """Decrypt a token by whichever of the passphrases is right. Raises UnreadableCiphertext."""
    if not passphrases:
        raise UnreadableCiphertext("is encrypted, and no passphrase is given")
    try:
        sealed = binascii.a2b_base64("".join(ciphertext.split()), strict_mode=True)
    except (binascii.Error, ValueError):
        raise UnreadableCiphertext("is no ciphertext of the predecessor's") from None
    if len(sealed) < _SALT_BYTES + _IV_BYTES + _TAG_BYTES:
        raise UnreadableCiphertext("is no ciphertext of the predecessor's: it is too short")
    salt, iv, rest = sealed[:_SALT_BYTES], sealed[_SALT_BYTES:][:_IV_BYTES], sealed[_SALT_BYTES + _IV_BYTES :]
    for passphrase in passphrases:
        try:
            text = AESGCM(_derive_key(passphrase, salt)).decrypt(iv, rest, None)
        except InvalidTag:
            continue
        try:
            return Secret(text.decode())
        except UnicodeDecodeError:  # not chained: the error holds the text
            raise UnreadableCiphertext("is decrypted to what is no text") from None
    raise UnreadableCiphertext("cannot be decrypted with the passphrase that is given")


def _derive_key(passphrase: Secret, salt: bytes) -> bytes:
    derivation = PBKDF2HMAC(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=salt, iterations=_ITERATIONS)
    return derivation.derive(passphrase.reveal().encode())
