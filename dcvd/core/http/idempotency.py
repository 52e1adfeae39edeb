"""Idempotency keys: a client chooses one for a request, and repeats of it with the key get the same answer.

Source: draft-ietf-httpapi-idempotency-key-header. Its quotes, where a client sends them, are a part of the key.
"""

import hashlib
from typing import Final

from dcvd.core.instants import DAY
from dcvd.errors import InvalidInput

KEY_HEADER: Final = "Idempotency-Key"
KEY_LIFETIME_MS: Final = 1 * DAY
"""How long a key is known, from its first request on."""
MAX_KEY_CHARS: Final = 255


def validate_key(key: str) -> str:
    """Return an idempotency key. Raises InvalidInput for one that is empty, too long or not visible ASCII."""
    if not 1 <= len(key) <= MAX_KEY_CHARS or not all("!" <= character <= "~" for character in key):
        message = f"An idempotency key has 1 to {MAX_KEY_CHARS} visible ASCII characters; a UUID is a good one."
        raise InvalidInput(KEY_HEADER, message)
    return key


def fingerprint(*parts: bytes) -> str:
    """Return a hash that differs where any of the parts does, such as those of a repeated request."""
    digest = hashlib.blake2b(digest_size=32)
    for part in parts:
        # Each part follows its length, so that no two lists give the same bytes.
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
