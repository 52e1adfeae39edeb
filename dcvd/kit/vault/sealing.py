"""Seal secrets for storage: AES-256-GCM, with each value bound to its organization, row and field.

A sealed value is: version (1 byte), key id (8 bytes), nonce (12 random bytes), ciphertext with its tag (16 bytes more
than the text). Version 1 was not bound to the organization. With random nonces a key may seal at most 2^32 values (NIST
SP 800-38D, section 8.3).
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dcvd.core.ids import RandomBytes
from dcvd.core.secret import Secret
from dcvd.errors import DcvdError
from dcvd.kit.vault.key import ID_BYTES, VaultKey

HEAD_BYTES: Final = 1 + ID_BYTES
"""The length of a sealed value's head: its version and the id of its key, which are not secret."""
_CURRENT_VERSION: Final = b"\x02"
_PREVIOUS_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_MIN_BYTES: Final = HEAD_BYTES + _NONCE_BYTES + _TAG_BYTES
_PURPOSE: Final = "sealed values, version 1"


class VaultError(DcvdError):
    """A sealed value cannot be opened; `code` says whether its key is missing or the value is damaged."""

    code = "vault_value_damaged"


class Vault:
    """A keyring that seals values with its active key, and opens values that any of its keys has sealed.

    is_configured: false when the daemon generated the active key itself, and stored it beside the database.
    head: the first bytes of every value that it seals now.
    """

    def __init__(
        self, active: VaultKey, *others: VaultKey, is_configured: bool = True, random: RandomBytes = os.urandom
    ) -> None:
        self.is_configured = is_configured
        self._random = random
        self.head = build_head(active.id)
        self._ciphers = {bytes.fromhex(key.id): AESGCM(key.derive_subkey(_PURPOSE)) for key in (active, *others)}
        self._active = self._ciphers[bytes.fromhex(active.id)]

    def seal(self, secret: Secret | bytes, *, org: str, row: str, field: str) -> bytes:
        """Encrypt a text (bytes are its UTF-8) for one field, such as `"table.column"`, of one row.

        `org` is the organization that the row belongs to.
        """
        text = secret if isinstance(secret, bytes) else secret.reveal().encode("utf-8", "surrogatepass")
        nonce = self._random(_NONCE_BYTES)
        return self.head + nonce + self._active.encrypt(nonce, text, _build_associated_data(self.head, org, field, row))

    def open(self, sealed_value: bytes, *, org: str, row: str, field: str) -> Secret:
        """Decrypt a value that was sealed for this row and field of this organization, else raise VaultError."""
        if len(sealed_value) < _MIN_BYTES or not sealed_value.startswith((_CURRENT_VERSION, _PREVIOUS_VERSION)):
            raise _build_damaged_error(row, field)
        head, nonce = sealed_value[:HEAD_BYTES], sealed_value[HEAD_BYTES : HEAD_BYTES + _NONCE_BYTES]
        key_id = head[len(_CURRENT_VERSION) :]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise VaultError(
                f"{field} of {row} is encrypted with key {key_id.hex()}, which this daemon does not have: give it that "
                "key again, or store the secret anew.",
                code="vault_key_missing",
            )
        try:
            text = cipher.decrypt(
                nonce,
                sealed_value[HEAD_BYTES + _NONCE_BYTES :],
                _build_associated_data(
                    head, *(() if sealed_value.startswith(_PREVIOUS_VERSION) else (org,)), field, row
                ),
            )
            return Secret(text.decode("utf-8", "surrogatepass"))
        except InvalidTag as error:
            raise _build_damaged_error(row, field) from error
        except UnicodeDecodeError:  # not chained: the error holds the text
            raise _build_damaged_error(row, field) from None

    def reseal(self, sealed_value: bytes, *, org: str, row: str, field: str) -> bytes:
        """Seal the same text with the active key in the present version. Raises VaultError as `open` does."""
        return self.seal(self.open(sealed_value, org=org, row=row, field=field), org=org, row=row, field=field)

    def __repr__(self) -> str:
        return f"Vault({', '.join(key_id.hex() for key_id in self._ciphers)})"


def build_head(key_id: str) -> bytes:
    """Build the first bytes of every value that a key seals in the present version."""
    return _CURRENT_VERSION + bytes.fromhex(key_id)


def read_key_id(head: bytes) -> str | None:
    """Read the id of a sealed value's key from its head; None for bytes that no version of the vault has sealed."""
    if len(head) < HEAD_BYTES or not head.startswith((_CURRENT_VERSION, _PREVIOUS_VERSION)):
        return None
    return head[len(_CURRENT_VERSION) : HEAD_BYTES].hex()


def _build_associated_data(head: bytes, *parts: str) -> bytes:
    """Build the associated data: each part follows its length, so that no two lists give the same bytes."""
    encoded = [part.encode() for part in parts]
    return b"".join([head, *(len(part).to_bytes(4, "big") + part for part in encoded)])


def _build_damaged_error(row: str, field: str) -> VaultError:
    return VaultError(
        f"{field} of {row} cannot be decrypted: it was changed, cut, or moved from another row. Restore it from a "
        "backup, or store the secret anew."
    )
