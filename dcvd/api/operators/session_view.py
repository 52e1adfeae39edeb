"""Sessions of operators, and the links by which they begin, as JSON."""

from msgspec import Struct

from dcvd.core.instants import to_rfc3339
from dcvd.core.sessions import Session
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.store.engine.paging import Page


class SignInLinkView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A link that signs in one browser, once, until `expiresAt`."""

    url: str
    expires_at: Instant


class SignInLinkAnswer(Struct, frozen=True, rename="camel"):
    sign_in_link: SignInLinkView


class OperatorSessionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A session, in which a browser acts with the rights of the operator or observer with this `uid`."""

    id: str
    uid: int
    created_at: Instant
    last_used_at: Instant
    ends_at: Instant
    expires_at: Instant
    address: str | None
    user_agent: str | None


class OperatorSessionList(Struct, frozen=True, kw_only=True, rename="camel"):
    sessions: list[OperatorSessionView]
    next_cursor: str | None


def operator_session_list(page: Page[Session], idle_ms: int) -> OperatorSessionList:
    """Show a page of operators' sessions; `idle_ms`: how long they may be unused."""
    return OperatorSessionList(sessions=[_view(each, idle_ms) for each in page.items], next_cursor=page.next_cursor)


def _view(session: Session, idle_ms: int) -> OperatorSessionView:
    assert session.operator is not None, "these are operators' sessions"
    return build_view(
        OperatorSessionView, session, uid=session.operator.uid, ends_at=to_rfc3339(session.find_end(idle_ms))
    )
