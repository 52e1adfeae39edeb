"""Members: the people of an organization, by their e-mail addresses."""

import hashlib
import re
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple

from dcvd.core.http.entity_tags import build_entity_tag
from dcvd.core.ids import RandomBytes
from dcvd.core.instants import DAY
from dcvd.core.secret import Secret
from dcvd.core.sentences.sentence import Sentence, say
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.token import ROLE_ORDER, Role, may_write
from dcvd.errors import InvalidInput

INVITE_LIFETIME_MS: Final = 7 * DAY
MAX_ADDRESS_CHARACTERS: Final = 254
_MAX_LOCAL_CHARACTERS: Final = 64
_INVITE_PREFIX: Final = "dcv_invite_"
INVITE_PATTERN: Final = "dcv_invite_[0-9a-f]{64}"
_INVITE_FORMAT: Final = re.compile(INVITE_PATTERN)
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS: Final = re.compile(rf"([a-z0-9.!#$%&'*+/=?^_`{{|}}~-]+)@{_LABEL}(?:\.{_LABEL})+")
"""The addresses that HTML's `<input type="email">` takes, in lower case and with a domain of two labels or more."""


class MemberStatus(StrEnum):
    """invited: has not yet shown that the address is theirs. suspended: may do nothing, nor may their tokens."""

    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"


_STATUSES: Final = {
    MemberStatus.ACTIVE: "members_active",
    MemberStatus.SUSPENDED: "members_suspended",
    MemberStatus.INVITED: "members_invited",
}


def say_status(status: MemberStatus) -> Sentence:
    """Return the name of a status for a sentence."""
    return say(_STATUSES[status])


class Member(Struct, frozen=True, kw_only=True):
    """A person of an organization. Instants are in milliseconds.

    confirmed_at: when they accepted an invitation, and so showed that the address is theirs; None until then.
    invite_expires_at: until when the invitation can be accepted; None where none is open.
    """

    id: str
    org_id: str
    address: str
    role: Role
    status: MemberStatus
    confirmed_at: int | None = None
    invite_expires_at: int | None = None
    created_at: int
    updated_at: int

    @property
    def entity_tag(self) -> str:
        """The tag of the member as they are now."""
        return build_entity_tag(*astuple(self))


def normalize_address(text: str) -> str:
    """Return an e-mail address in lower case and without blanks around it. Raises InvalidInput.

    Case means something before the @ in theory and nowhere in practice, and one person must not be two members.
    Unicode's lower case makes a k of the sign of kelvin, which here is no k.
    """
    address = text.strip().lower()
    match = _ADDRESS.fullmatch(address)
    if (
        match is None
        or not text.strip().isascii()
        or len(address) > MAX_ADDRESS_CHARACTERS
        or len(match[1]) > _MAX_LOCAL_CHARACTERS
    ):
        raise InvalidInput(
            "address",
            word("address_unusable"),
        )
    return address


def mint_invite(random: RandomBytes) -> Secret:
    """Return a new invitation: `dcv_invite_` and 64 hex digits (256 random bits)."""
    return Secret(_INVITE_PREFIX + random(32).hex())


def hash_invite(invite: str) -> str | None:
    """Return the SHA-256 of an invitation in hex, under which it is stored; None for text that cannot be one."""
    if _INVITE_FORMAT.fullmatch(invite) is None:
        return None
    return hashlib.sha256(invite.encode()).hexdigest()


def may_go_on_writing(member: Member, *, has_role_by_group: bool) -> bool:
    """Whether what a member began in a session of their own may go on: they are active, and may still write.

    has_role_by_group: whether groups give the roles of sessions, of which that of the membership says nothing then.
    """
    return member.status is MemberStatus.ACTIVE and (has_role_by_group or may_write(member.role))


def choose_lower(role: Role, other: Role) -> Role:
    """Return the lower of two roles: what a token of a member may do."""
    return min(role, other, key=ROLE_ORDER.index)
