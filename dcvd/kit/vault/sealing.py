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
from dcvd.kit.vault.key import ID_BYTES, VaultKey

HEAD_BYTES: Final = 1 + ID_BYTES
"""Of a sealed value, its version and the id of its key; they are not secret."""
_VERSION: Final = b"\x02"
_BEFORE: Final = b"\x01"
_NONCE: Final = 12
_TAG: Final = 16
_SHORTEST: Final = HEAD_BYTES + _NONCE + _TAG
_PURPOSE: Final = "sealed values, version 1"


class VaultError(DcvdError):
    """A sealed value cannot be opened; `code` says whether its key is missing or the value itself is not whole."""

    code = "vault_value_damaged"


class Vault:
    """A keyring: seals with its active key, opens what any of its keys has sealed.

    `configured` is false where nobody has chosen the active key: the daemon made it, and put it beside the database.
    `head` is what every value begins with that it seals now.
    """

    def __init__(
        self, active: VaultKey, *others: VaultKey, configured: bool = True, random: RandomBytes = os.urandom
    ) -> None:
        self.configured = configured
        self._random = random
        self.head = head_of(active.id)
        self._ciphers = {bytes.fromhex(key.id): AESGCM(key.subkey(_PURPOSE)) for key in (active, *others)}
        self._active = self._ciphers[bytes.fromhex(active.id)]

    def seal(self, secret: Secret | bytes, *, org: str, row: str, field: str) -> bytes:
        """Encrypt a text (bytes are its UTF-8), to be opened as this field, such as `"table.column"`, of this row.

        `org` is the organization that the row belongs to.
        """
        text = secret if isinstance(secret, bytes) else secret.reveal().encode("utf-8", "surrogatepass")
        nonce = self._random(_NONCE)
        return self.head + nonce + self._active.encrypt(nonce, text, _associated(self.head, org, field, row))

    def open(self, sealed: bytes, *, org: str, row: str, field: str) -> Secret:
        """The text that was sealed for this row and field of this organization. Raises VaultError for all else."""
        if len(sealed) < _SHORTEST or not sealed.startswith((_VERSION, _BEFORE)):
            raise _damaged(row, field)
        head, nonce = sealed[:HEAD_BYTES], sealed[HEAD_BYTES : HEAD_BYTES + _NONCE]
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
                sealed[HEAD_BYTES + _NONCE :],
                _associated(head, *(() if sealed.startswith(_BEFORE) else (org,)), field, row),
            )
            return Secret(text.decode("utf-8", "surrogatepass"))
        except InvalidTag as error:
            raise _damaged(row, field) from error
        except UnicodeDecodeError:  # not chained: the error holds the text
            raise _damaged(row, field) from None

    def seal_anew(self, sealed: bytes, *, org: str, row: str, field: str) -> bytes:
        """The same text, sealed with the active key in the present version. Raises VaultError as `open` does."""
        return self.seal(self.open(sealed, org=org, row=row, field=field), org=org, row=row, field=field)

    def __repr__(self) -> str:
        return f"Vault({', '.join(key_id.hex() for key_id in self._ciphers)})"


def head_of(key_id: str) -> bytes:
    """What every value begins with that a key seals in the present version."""
    return _VERSION + bytes.fromhex(key_id)


def key_id_of(head: bytes) -> str | None:
    """The id of the key that a sealed value's head names; None for what no version of the vault has sealed."""
    if len(head) < HEAD_BYTES or not head.startswith((_VERSION, _BEFORE)):
        return None
    return head[len(_VERSION) : HEAD_BYTES].hex()


def _associated(head: bytes, *parts: str) -> bytes:
    """What is authenticated beside the text; each part after its length, so that no two lists give the same bytes."""
    encoded = [part.encode() for part in parts]
    return b"".join([head, *(len(part).to_bytes(4, "big") + part for part in encoded)])


def _damaged(row: str, field: str) -> VaultError:
    return VaultError(
        f"{field} of {row} cannot be decrypted: it was changed, cut, or moved from another row. Restore it from a "
        "backup, or store the secret anew."
    )
