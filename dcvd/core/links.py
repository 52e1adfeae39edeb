"""Links: a short-lived, narrow right for one domain, in a URL that a customer is given."""

import re
from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.ids import RandomBytes
from dcvd.core.instants import DAY, MINUTE, SECOND
from dcvd.core.secret import Secret
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.reach import DomainReach
from dcvd.core.tokens.token import is_expired
from dcvd.errors import InvalidInput

MIN_LIFETIME_MS: Final = MINUTE
DEFAULT_LIFETIME_MS: Final = DAY
MAX_LIFETIME_MS: Final = 30 * DAY
PAGE_ROOT: Final = "/connect"
"""Where the pages of links are."""
_TOKEN_PREFIX: Final = "dcv_link_"
_TOKEN_FORMAT: Final = re.compile(r"dcv_link_[0-9a-f]{32}")


class LinkPurpose(StrEnum):
    """What a link is for: to set up a domain that is there, or to add one whose name the customer types."""

    SETUP = "setup"
    NEW = "new"


class LinkStatus(StrEnum):
    """Whether a link works. One that was revoked is gone."""

    ACTIVE = "active"
    EXPIRED = "expired"


class Link(Struct, frozen=True, kw_only=True):
    """A link as it is stored, without its token. Instants are in milliseconds.

    domain_id: the one domain that it is for; None until the domain of a new one was added.
    return_to: where the customer's browser goes in the end; None for nowhere.
    minted_by: the token that made it; None where none did. member_id: the member who made it, by a token or without.
    """

    id: str
    org_id: str
    purpose: LinkPurpose
    domain_id: str | None
    return_to: str | None = None
    minted_by: str | None = None
    member_id: str | None = None
    created_at: int
    expires_at: int
    last_used_at: int | None = None

    @property
    def reach(self) -> DomainReach:
        """The domains that its bearer may know of: one at most."""
        if self.domain_id is None:
            return DomainReach(any_new_name=True)
        return DomainReach(ids=frozenset({self.domain_id}))

    def find_status(self, now: int) -> LinkStatus:
        """Return whether it works at an instant."""
        return LinkStatus.EXPIRED if is_expired(self.expires_at, now) else LinkStatus.ACTIVE


def mint_link_token(random: RandomBytes) -> Secret:
    """Return the token of a new link: `dcv_link_` and 32 hex digits (128 random bits)."""
    return Secret(_TOKEN_PREFIX + random(16).hex())


def link_path(purpose: LinkPurpose, token: str) -> str:
    """Return the path of the page on which a customer uses a link."""
    match purpose:
        case LinkPurpose.SETUP:
            return f"{PAGE_ROOT}/{token}"
        case LinkPurpose.NEW:
            return f"{PAGE_ROOT}/new/{token}"


def is_link_token(text: str) -> bool:
    """Whether a text has the form of a link's token."""
    return _TOKEN_FORMAT.fullmatch(text) is not None


def read_lifetime_ms(seconds: int) -> int:
    """Return the lifetime of a new link in milliseconds. Raises InvalidInput."""
    lowest, highest = MIN_LIFETIME_MS // SECOND, MAX_LIFETIME_MS // SECOND
    if not lowest <= seconds <= highest:
        message = word("link_life_beyond", seconds=seconds, lowest=lowest, highest=highest)
        raise InvalidInput("expiresIn", message)
    return seconds * SECOND
