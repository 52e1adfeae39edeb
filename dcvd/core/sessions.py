"""Sessions: for how long a browser acts with the rights of a token that was shown once."""

import hashlib
import hmac
import re
from typing import Final

from msgspec import Struct

from dcvd.core.ids import RandomBytes
from dcvd.core.secret import Secret
from dcvd.core.text import make_printable, shorten

MAX_SESSIONS_OF_TOKEN: Final = 20
MAX_SESSIONS_OF_ORG: Final = 500
"""Beyond either, the oldest session ends when another one begins."""
MAX_USER_AGENT_CHARACTERS: Final = 200
_SECRET_PREFIX: Final = "dcv_session_"
_SECRET_FORMAT: Final = re.compile(r"dcv_session_[0-9a-f]{64}")
_CSRF_PURPOSE: Final = b"csrf"


class Session(Struct, frozen=True, kw_only=True):
    """A session as it is stored, without its secret. Instants are in milliseconds.

    token_id: the token with whose rights its browser acts. expires_at: when it ends, however much it is used.
    address, user_agent: of the browser that began it; None where they are not known.
    """

    id: str
    org_id: str
    token_id: str
    created_at: int
    last_used_at: int
    expires_at: int
    address: str | None = None
    user_agent: str | None = None

    def find_end(self, idle_ms: int) -> int:
        """Return when it ends if it is not used again; `idle_ms`: how long it may be unused."""
        return min(self.expires_at, self.last_used_at + idle_ms)

    def is_in_force(self, idle_ms: int, now: int) -> bool:
        """Whether it has not ended."""
        return now < self.find_end(idle_ms)


def mint_session_secret(random: RandomBytes) -> Secret:
    """Return the secret of a new session: `dcv_session_` and 64 hex digits (256 random bits)."""
    return Secret(_SECRET_PREFIX + random(32).hex())


def is_session_secret(text: str) -> bool:
    """Whether a text has the form of a session's secret, so that other text costs no query."""
    return _SECRET_FORMAT.fullmatch(text) is not None


def derive_csrf_token(secret: str) -> str:
    """Return what the pages of a session send with each write. It tells nothing of the secret."""
    return hmac.new(secret.encode(), _CSRF_PURPOSE, hashlib.sha256).hexdigest()


def is_csrf_token(text: str, secret: str) -> bool:
    """Whether a text is the one that the pages of a session send."""
    return hmac.compare_digest(text.encode(), derive_csrf_token(secret).encode())


def shorten_user_agent(text: str | None) -> str | None:
    """Return what a browser says of itself, in one printable line; None where it says nothing."""
    return shorten(make_printable(text or ""), MAX_USER_AGENT_CHARACTERS) or None
