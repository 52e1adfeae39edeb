"""Secrets at rest: AES-256-GCM, each value bound to the organization, the row and the field that it belongs to.

A sealed value is: version (1 byte), key id (8 bytes), nonce (12 random bytes), ciphertext with its tag (16 bytes more
than the text). Version 1 was not bound to the organization. Random nonces bound a key to 2^32 values (NIST SP 800-38D,
section 8.3).
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dcvd.core.ids import RandomBytes
from dcvd.core.secret import Secret
from dcvd.errors import DcvdError
from dcvd.kit.vault_key import ID_BYTES, VaultKey

_VERSION: Final = b"\x02"
_BEFORE: Final = b"\x01"
_NONCE: Final = 12
_TAG: Final = 16
_HEAD: Final = len(_VERSION) + ID_BYTES
_SHORTEST: Final = _HEAD + _NONCE + _TAG
_PURPOSE: Final = "sealed values, version 1"


class VaultError(DcvdError):
    """A sealed value cannot be opened; `code` says whether its key is missing or the value itself is not whole."""

    code = "vault_value_damaged"


class Vault:
    """A keyring: seals with its active key, opens what any of its keys has sealed.

    `configured` is false where nobody has chosen the active key: the daemon made it, and put it beside the database.
    """

    def __init__(
        self, active: VaultKey, *others: VaultKey, configured: bool = True, random: RandomBytes = os.urandom
    ) -> None:
        self.configured = configured
        self._random = random
        self._head = _VERSION + bytes.fromhex(active.id)
        self._ciphers = {bytes.fromhex(key.id): AESGCM(key.subkey(_PURPOSE)) for key in (active, *others)}
        self._active = self._ciphers[bytes.fromhex(active.id)]

    def seal(self, secret: Secret | bytes, *, org: str, row: str, field: str) -> bytes:
        """Encrypt a text (bytes are its UTF-8), to be opened as this field, such as `"table.column"`, of this row.

        `org` is the organization that the row belongs to.
        """
        text = secret if isinstance(secret, bytes) else secret.reveal().encode("utf-8", "surrogatepass")
        nonce = self._random(_NONCE)
        return self._head + nonce + self._active.encrypt(nonce, text, _associated(self._head, org, field, row))

    def open(self, sealed: bytes, *, org: str, row: str, field: str) -> Secret:
        """The text that was sealed for this row and field of this organization. Raises VaultError for all else."""
        if len(sealed) < _SHORTEST or not sealed.startswith((_VERSION, _BEFORE)):
            raise _damaged(row, field)
        head, nonce = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE]
        key_id = head[len(_VERSION) :]
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
                sealed[_HEAD + _NONCE :],
                _associated(head, *(() if sealed.startswith(_BEFORE) else (org,)), field, row),
            )
            return Secret(text.decode("utf-8", "surrogatepass"))
        except InvalidTag as error:
            raise _damaged(row, field) from error
        except UnicodeDecodeError:  # not chained: the error holds the text
            raise _damaged(row, field) from None

    def __repr__(self) -> str:
        return f"Vault({', '.join(key_id.hex() for key_id in self._ciphers)})"


def _associated(head: bytes, *parts: str) -> bytes:
    """What is authenticated beside the text; each part after its length, so that no two lists give the same bytes."""
    encoded = [part.encode() for part in parts]
    return b"".join([head, *(len(part).to_bytes(4, "big") + part for part in encoded)])


def _damaged(row: str, field: str) -> VaultError:
    return VaultError(
        f"{field} of {row} cannot be decrypted: it was changed, cut, or moved from another row. Restore it from a "
        "backup, or store the secret anew."
    )
