"""Sessions as JSON."""

from msgspec import Struct

from dcvd.core.instants import to_rfc3339
from dcvd.core.sessions import Session
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.store.engine.paging import Page


class SessionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A session, in which a browser acts with the rights of a token or of a member.

    `tokenId`, `memberId`: whose they are; the other is null.
    `endsAt`: when it ends if it is not used again. `expiresAt`: when it ends, however much it is used.
    `address`, `userAgent`: of the browser that began it; null where they are not known.
    """

    id: str
    org_id: str
    token_id: str | None
    member_id: str | None
    created_at: Instant
    last_used_at: Instant
    ends_at: Instant
    expires_at: Instant
    address: str | None
    user_agent: str | None


class SessionAnswer(Struct, frozen=True):
    session: SessionView


class SessionList(Struct, frozen=True, kw_only=True, rename="camel"):
    sessions: list[SessionView]
    next_cursor: str | None


class EndedSessions(Struct, frozen=True):
    """How many sessions were ended."""

    ended: int


def session_view(session: Session, idle_ms: int) -> SessionView:
    """Show a session; `idle_ms`: how long it may be unused."""
    return build_view(SessionView, session, ends_at=to_rfc3339(session.find_end(idle_ms)))


def session_list(page: Page[Session], idle_ms: int) -> SessionList:
    """Show a page of sessions."""
    return SessionList(
        sessions=[session_view(session, idle_ms) for session in page.items], next_cursor=page.next_cursor
    )
