"""Sessions: for how long a browser acts with the rights of whoever signed in with it."""

import hashlib
import hmac
import re
from typing import Final

from msgspec import Struct

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.ids import RandomBytes
from dcvd.core.instants import HOUR
from dcvd.core.operators import ProcessUser
from dcvd.core.secret import Secret
from dcvd.core.text import make_printable, shorten

MAX_SESSIONS_OF_HOLDER: Final = 20
MAX_SESSIONS_OF_ORG: Final = 500
"""Beyond either, the oldest session ends when another one begins."""
_MAX_OPERATOR_LIFETIME_MS: Final = 12 * HOUR
MAX_USER_AGENT_CHARACTERS: Final = 200
_SECRET_PREFIX: Final = "dcv_session_"
_SECRET_FORMAT: Final = re.compile(r"dcv_session_[0-9a-f]{64}")
_CSRF_PURPOSE: Final = b"csrf"


class Session(Struct, frozen=True, kw_only=True):
    """A session as it is stored, without its secret. Instants are in milliseconds.

    org_id: None for an operator's, which is no organization's.
    token_id, member_id, operator: with whose rights its browser acts; one of them is given.
    issuer, role_group: of the provider at which the member signed in, and the group there that gives the role; None
    where that is the membership's, and for others than members.
    expires_at: when it ends, however much it is used.
    address, user_agent: of the browser that began it; None where they are not known.
    """

    id: str
    org_id: str | None
    token_id: str | None = None
    member_id: str | None = None
    operator: ProcessUser | None = None
    issuer: str | None = None
    role_group: str | None = None
    created_at: int
    last_used_at: int
    expires_at: int
    address: str | None = None
    user_agent: str | None = None

    @property
    def holder(self) -> str:
        """The key of whoever acts in it, by which all their sessions are found."""
        if self.operator is not None:
            return _name_operator(self.operator.uid)
        holder_id = self.token_id or self.member_id
        assert holder_id is not None, "every session is somebody's"
        return holder_id

    def find_end(self, idle_ms: int) -> int:
        """Return when it ends if it is not used again; `idle_ms`: how long it may be unused."""
        return min(self.expires_at, self.last_used_at + idle_ms)

    def is_in_force(self, idle_ms: int, now: int) -> bool:
        """Whether it has not ended."""
        return now < self.find_end(idle_ms)


def find_holder(caller: Caller) -> str:
    """Return the key under which the sessions of a caller are found; see `Session.holder`."""
    return _name_operator(int(caller.id)) if caller.kind is CallerKind.OPERATOR else caller.id


def _name_operator(uid: int) -> str:
    return f"uid {uid}"


def choose_operator_lifetime(lifetime_ms: int) -> int:
    """Return how long an operator's session lasts in all, where `lifetime_ms` is configured for every session."""
    return min(lifetime_ms, _MAX_OPERATOR_LIFETIME_MS)


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
