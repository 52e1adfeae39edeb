"""Attempts to sign in: what ties the answer of a provider to the browser that was sent there.

The browser alone keeps the secret of an attempt, in a cookie. What travels by the provider is derived from it, and
tells nothing of it.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

from msgspec import Struct

from dcvd.core.ids import RandomBytes
from dcvd.core.instants import MINUTE
from dcvd.core.secret import Secret

ATTEMPT_LIFETIME_MS: Final = 10 * MINUTE
"""How long somebody may take at the provider."""
_SECRET_FORMAT: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class SignInAttempt(Struct, frozen=True):
    """An attempt to sign in, by its secret."""

    secret: Secret

    @property
    def state(self) -> Secret:
        """What comes back with the answer (RFC 6749, section 4.1.1)."""
        return self._derive(b"state")

    @property
    def nonce(self) -> Secret:
        """What comes back in the ID token (OpenID Connect Core, section 3.1.2.1)."""
        return self._derive(b"nonce")

    @property
    def verifier(self) -> Secret:
        """That of PKCE (RFC 7636, section 4.1)."""
        return self._derive(b"verifier")

    def _derive(self, purpose: bytes) -> Secret:
        return Secret(_encode(hmac.digest(self.secret.reveal().encode(), purpose, hashlib.sha256)))


def new_attempt(random: RandomBytes) -> SignInAttempt:
    """Return a new attempt, whose secret has 256 random bits."""
    return SignInAttempt(Secret(_encode(random(32))))


def read_attempt(secret: str) -> SignInAttempt | None:
    """Return the attempt with a secret; None for text that cannot be one."""
    return None if _SECRET_FORMAT.fullmatch(secret) is None else SignInAttempt(Secret(secret))


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
