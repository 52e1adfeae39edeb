"""Sign-in links: operators get one at the unix socket, and open it in a browser, once and soon."""

import re
from typing import Final

from msgspec import Struct

from dcvd.core.ids import RandomBytes
from dcvd.core.instants import MINUTE
from dcvd.core.operators import ProcessUser
from dcvd.core.secret import Secret

SIGN_IN_ROOT: Final = "/sign-in/operator"
LIFETIME_MS: Final = MINUTE
MAX_LINKS_OF_OPERATOR: Final = 20
"""Beyond them, the oldest link of the same user ends when another one is made."""
_CODE_PREFIX: Final = "dcv_signin_"
_CODE_FORMAT: Final = re.compile(r"dcv_signin_[0-9a-f]{64}")


class SignInLink(Struct, frozen=True, kw_only=True):
    """A sign-in link that nobody has used, without its code. Instants are in milliseconds.

    operator: the process that asked for it, with whose rights the browser is to act.
    """

    operator: ProcessUser
    created_at: int
    expires_at: int

    def is_in_force(self, now: int) -> bool:
        """Whether it may be used; one from the time before a clock was put back may not."""
        return self.created_at <= now < self.expires_at


def mint_sign_in_code(random: RandomBytes) -> Secret:
    """Return the code of a new link: `dcv_signin_` and 64 hex digits (256 random bits)."""
    return Secret(_CODE_PREFIX + random(32).hex())


def is_sign_in_code(text: str) -> bool:
    """Whether a text has the form of a link's code, so that other text costs no query."""
    return _CODE_FORMAT.fullmatch(text) is not None


def build_sign_in_url(public_url: str, code: Secret) -> str:
    """Return the URL of a link."""
    return f"{public_url}{SIGN_IN_ROOT}/{code.reveal()}"
