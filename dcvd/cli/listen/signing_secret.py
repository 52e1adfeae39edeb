"""The secret that signs what is forwarded: the same in every run, so that the receiver has to be told only once."""

import base64
import binascii
import hashlib
import hmac
import os
import re
from pathlib import Path
from typing import Final

from dcvd.core.secret import Secret
from dcvd.core.webhooks.signing import new_secret
from dcvd.errors import DcvdError
from dcvd.kit.new_file import create_file

_PURPOSE: Final = b"dcvd listen: signing secret"
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_STANDARD_PREFIX: Final = "whsec_"
_MAX_FILE_SIZE: Final = 4096


def derive_secret(token: Secret) -> Secret:
    """Return the secret that belongs to a token. Whoever knows it learns nothing of the token, which is random."""
    return Secret(hmac.digest(token.reveal().encode(), _PURPOSE, hashlib.sha256).hex())


def load_secret(path: Path) -> Secret:
    """Read the secret of a file, in either of its forms; make the file with a new one if there is none.

    Raises DcvdError for a file that holds anything else, OSError for what the system refuses.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_SIZE)
    except FileNotFoundError:
        secret = new_secret(os.urandom)
        with create_file(path) as draft:
            draft.write_text(secret.reveal() + "\n")
        return secret
    secret_text = _to_hex(content.decode(errors="replace").strip())
    if secret_text is None:
        raise DcvdError(
            f"{path} holds no signing secret: that is 64 hex characters, or whsec_ and 32 bytes in base64. Name a file "
            "that does not exist yet, and it is made."
        )
    return Secret(secret_text)


def _to_hex(text: str) -> str | None:
    if text.startswith(_STANDARD_PREFIX):
        try:
            text = base64.b64decode(text.removeprefix(_STANDARD_PREFIX), validate=True).hex()
        except binascii.Error:
            return None
    return text if _HEX.fullmatch(text) else None
