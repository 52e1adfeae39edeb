"""API tokens: their form, their hash, and what each role may do."""

import hashlib
import re
from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.http.entity_tags import build_entity_tag
from dcvd.core.ids import RandomBytes
from dcvd.core.secret import Secret
from dcvd.core.sentences.sentence import Sentence, say
from dcvd.core.tokens.scopes import Scope

TOKEN_PREFIX: Final = "dcv_live_"
_TOKEN_FORMAT: Final = re.compile(r"dcv_live_[0-9a-f]{32}|[0-9A-Fa-f]{64}|[A-Za-z0-9_-]{43}")
"""Ours, and those of the predecessor, which were imported by their hashes: 32 bytes in hex or base64url."""


class Role(StrEnum):
    """What a token may do; a later member of ROLE_ORDER may do all that the earlier ones may."""

    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


ROLE_ORDER: Final = (Role.MEMBER, Role.ADMIN, Role.OWNER)


class Token(Struct, frozen=True, kw_only=True):
    """An API token as it is stored, without its plain text. Instants are in milliseconds.

    scopes: what it may do, within its role; None for all of that. domains: those that it may know of, see
        `core.tokens.reach`; None for all. allowed_networks: from which addresses it works; None for all.
    minted_by: the token that minted it; None where an operator did.
    member_id: the member whose token it is, and who may always do as much; None for one of the organization itself.
    last_address: from which it was last used. previous_expires_at: until when the secret before the last works.
    rights_version: a number that changes whenever what the token may do changes.
    """

    id: str
    org_id: str
    name: str
    role: Role
    created_at: int
    expires_at: int | None
    last_used_at: int | None
    scopes: tuple[Scope, ...] | None = None
    domains: tuple[str, ...] | None = None
    read_only: bool = False
    allowed_networks: tuple[str, ...] | None = None
    last_address: str | None = None
    previous_expires_at: int | None = None
    minted_by: str | None = None
    member_id: str | None = None
    rights_version: int = 1

    @property
    def entity_tag(self) -> str:
        """The tag of what can be changed of it. Its last use may differ under the same tag."""
        return build_entity_tag(
            self.id, self.name, self.role, self.expires_at, self.previous_expires_at, self.rights_version
        )


def mint_token(random: RandomBytes) -> Secret:
    """Return the plain text of a new token: `dcv_live_` and 32 hex digits (128 random bits)."""
    return Secret(TOKEN_PREFIX + random(16).hex())


def hash_token(plain_token: str) -> str:
    """Return the SHA-256 of a token in hex, which suffices for 128 random bits: no dictionary holds them."""
    return hashlib.sha256(plain_token.encode()).hexdigest()


def is_well_formed(plain_token: str) -> bool:
    """Whether a text has the form of a token, ours or the predecessor's, so that other text costs no query."""
    return _TOKEN_FORMAT.fullmatch(plain_token) is not None


def may_write(role: Role) -> bool:
    """Whether a role may change something: admins and owners may, members only read."""
    return role in (Role.ADMIN, Role.OWNER)


def say_role(role: Role) -> Sentence:
    """Return the name of a role for a sentence."""
    return say(f"dashboard_role_{role.value}")


def has_rank(holder: Role, role: Role) -> bool:
    """Whether the holder's role is as high as another: nobody mints, changes or ends a token of a higher role."""
    return ROLE_ORDER.index(holder) >= ROLE_ORDER.index(role)


def is_expired(expires_at: int | None, now: int) -> bool:
    """Whether a token has expired, which it does exactly at `expires_at`."""
    return expires_at is not None and now >= expires_at
