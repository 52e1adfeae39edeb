"""Contacts: addresses that an organization wants to be told of what goes wrong, once their owners have agreed."""

import hashlib
import hmac
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.alerts.kinds import CONTACT_KINDS, AlertKind
from dcvd.core.http.entity_tags import build_entity_tag
from dcvd.core.ids import RandomBytes
from dcvd.core.instants import DAY, HOUR
from dcvd.core.secret import Secret
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput

MAX_CONTACTS: Final = 20
"""How many contacts an organization may have: each mail of its alerts goes to all of them."""
CONFIRMATION_LIFETIME_MS: Final = 3 * DAY
MAX_CONFIRMATIONS_PER_ADDRESS: Final = 3
"""Questions that one address may get within `CONFIRMATION_WINDOW_MS`, from all organizations together."""
MAX_CONFIRMATIONS_PER_ORGANIZATION: Final = 40
CONFIRMATION_WINDOW_MS: Final = DAY
MAX_BOUNCES: Final = 3
"""Mails in a row that were refused because of the address, after which nothing is sent to it any more."""
RETRY_CONFIRMATION_S: Final = HOUR // 1000


class ContactStatus(StrEnum):
    """Whether a contact is told anything.

    unconfirmed: whoever has the address has not agreed yet. unsubscribed: they want no more mails. bouncing: the
    address does not exist any more. All three become active by a new question that is agreed to.
    """

    UNCONFIRMED = "unconfirmed"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCING = "bouncing"


class LinkAction(StrEnum):
    """What a link in a mail does; it is a part of the link's path."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"


class Contact(Struct, frozen=True, kw_only=True):
    """An address for the alerts of an organization. Instants are in milliseconds.

    member_id: the member whose address it is; None for others. kinds: what they are told; None for everything.
    bounces: mails in a row that were refused because of the address. last_error: what the mail server last said.
    confirmation_expires_at: until when the question that was last sent can be agreed to.
    """

    id: str
    org_id: str
    address: str
    member_id: str | None = None
    kinds: tuple[AlertKind, ...] | None = None
    status: ContactStatus = ContactStatus.UNCONFIRMED
    bounces: int = 0
    last_error: str | None = None
    confirmation_expires_at: int | None = None
    confirmed_at: int | None = None
    created_at: int
    updated_at: int

    @property
    def entity_tag(self) -> str:
        """The tag of the contact as it is now, whatever becomes of the mails to it."""
        return build_entity_tag(self.id, self.kinds, self.status, self.updated_at)

    def wants(self, kind: AlertKind) -> bool:
        """Whether they are told of a kind."""
        return self.kinds is None or kind in self.kinds


def parse_kinds(names: Collection[str] | None) -> tuple[AlertKind, ...] | None:
    """Parse what a contact is to be told, each kind once; None is everything. Raises InvalidInput."""
    if names is None:
        return None
    known = {kind.value for kind in CONTACT_KINDS}
    if not names:
        raise InvalidInput("kinds", word("kinds_empty"))
    if len(names) > len(known):
        raise InvalidInput("kinds", word("kinds_too_many", count=len(names), known=len(known)))
    for name in names:
        if name not in known:
            raise InvalidInput("kinds", word("kind_unknown", kind=repr(name[:100]), known=", ".join(CONTACT_KINDS)))
    return tuple(kind for kind in CONTACT_KINDS if kind in names)


def mint_link_key(random: RandomBytes) -> Secret:
    """Return a contact's key, of which the tokens in its mails are made: 64 hex digits (256 random bits)."""
    return Secret(random(32).hex())


def derive_link_token(key: Secret, action: LinkAction, occasion: str) -> Secret:
    """Derive the token of a link: the same for the same occasion, so that a mail that is sent twice is the same."""
    digest = hmac.new(key.reveal().encode(), f"{action}:{occasion}".encode(), hashlib.sha256).hexdigest()
    return Secret(f"dcv_{action}_{digest}")


def hash_link_token(token: str) -> str:
    """Return the SHA-256 of a token in hex, under which it is stored."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
