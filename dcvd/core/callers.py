"""Callers: who asks for something, and with which rights."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from dcvd.core.links import Link
from dcvd.core.tokens.reach import DomainReach
from dcvd.core.tokens.scopes import Scope
from dcvd.core.tokens.token import Role


class CallerKind(StrEnum):
    """How a caller is known: by a token or a link, as a member by a provider, by their process, or as dcvd itself."""

    TOKEN = "token"
    LINK = "link"
    MEMBER = "member"
    OPERATOR = "operator"
    DAEMON = "daemon"


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks for something.

    id: of the token, link or member, or an operator's user id; empty for the daemon.
    org_id: the organization for which they act; None for the daemon, and for operators who act for every one.
    member_id: the member who calls, or whose token it is; None for one of the organization itself.
    scopes: what they may do, within their role; None for all of that.
    domains: those that they may know of; None for all. is_read_only: whether they change nothing, whatever their role.
    allowed_networks: from which addresses their token works; None for all.
    link: the link by which they came; then their role is the lowest, and what they may do does not follow from it.
    expires_at: until when they may act; None without an end.
    session_id: the session in which a browser acts; None for whoever shows a token itself, or calls at the socket.
    session_expires_at: when that ends, however much it is used.
    gid: of an operator's process, whose user id alone may not tell what they may do; None for all others.
    rights_version: that of the token when it was authenticated.
    request_id, address: of the HTTP request, and of its client; None where there is none.
    """

    kind: CallerKind
    role: Role
    id: str = ""
    org_id: str | None = None
    member_id: str | None = None
    scopes: frozenset[Scope] | None = None
    domains: DomainReach | None = None
    is_read_only: bool = False
    allowed_networks: tuple[str, ...] | None = None
    link: Link | None = None
    expires_at: int | None = None
    session_id: str | None = None
    session_expires_at: int | None = None
    gid: int | None = None
    rights_version: int = 0
    request_id: str | None = None
    address: str | None = None

    @property
    def link_id(self) -> str | None:
        """The id of the link by which they came; None where they came by none."""
        return None if self.link is None else self.link.id

    @property
    def bearer_ids(self) -> frozenset[str]:
        """Those that have to go on for what they have under way: a token, link or membership, and a session."""
        return frozenset(filter(None, (self.id, self.session_id)))

    @property
    def ends_at(self) -> int | None:
        """When what they have under way ends, as their token, link or session does; None without an end."""
        return min((end for end in (self.expires_at, self.session_expires_at) if end is not None), default=None)

    @property
    def claimant(self) -> str | None:
        """Who shares what all use with the others: an organization, or all the customers who come by its links.

        None for operators, who wait for nobody's turn, and the daemon.
        """
        if self.kind is CallerKind.OPERATOR:
            return None
        return self.org_id if self.link is None else f"{self.org_id} links"

    @property
    def actor(self) -> str:
        """The caller, as a timeline names them."""
        return f"{self.kind.value}:{self.id}" if self.kind in _NAMED_KINDS else self.kind.value


_NAMED_KINDS: Final = (CallerKind.TOKEN, CallerKind.LINK, CallerKind.MEMBER)

DAEMON: Final = Caller(kind=CallerKind.DAEMON, role=Role.OWNER)
