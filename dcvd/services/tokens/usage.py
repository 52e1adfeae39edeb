"""How tokens are used: when last and from where, and how often for each operation, by day."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.instants import DAY
from dcvd.core.links import Link
from dcvd.core.sessions import Session
from dcvd.core.tokens.token import Token
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.links import queries as link_queries
from dcvd.services.links.queries import LinkFilter
from dcvd.services.tokens import queries
from dcvd.store import links, sessions
from dcvd.store.engine.paging import Page
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.tokens import tokens
from dcvd.store.tokens import usage as token_usage
from dcvd.store.tokens.tokens import LastUse
from dcvd.store.tokens.usage import UsageCount

RETENTION_DAYS: Final = 90
"""For how many days counts are kept."""

_Key = tuple[str, int, str]


class TokenReport(Struct, frozen=True, kw_only=True):
    """A token with its use of the last days."""

    token: Token
    counts: list[UsageCount]


class TokenUsage:
    """The uses of tokens, links and sessions that were noted since they were last stored."""

    def __init__(self) -> None:
        self._last_uses: dict[str, LastUse] = {}
        self._link_uses: dict[str, int] = {}
        self._session_uses: dict[str, int] = {}
        self._requests: Counter[_Key] = Counter()
        self._errors: Counter[_Key] = Counter()

    def record_use(self, caller: Caller, now: int) -> None:
        """Note that a token, link or session was used; of links, which are customers', not from which address."""
        if caller.session_id is not None:
            self._session_uses[caller.session_id] = now
        if caller.kind is CallerKind.TOKEN:
            self._last_uses[caller.id] = LastUse(used_at=now, address=caller.address)
        elif caller.kind is CallerKind.LINK:
            self._link_uses[caller.id] = now

    def count_request(self, token_id: str, operation: str, now: int, *, is_error: bool) -> None:
        """Count a request once it is answered."""
        key = (token_id, now // DAY, operation)
        self._requests[key] += 1
        if is_error:
            self._errors[key] += 1

    def update(self, token: Token) -> Token:
        """Return a token with its last use, also where that is not stored yet."""
        use = self._last_uses.get(token.id)
        if use is None:
            return token
        return replace(token, last_used_at=use.used_at, last_address=use.address or token.last_address)

    async def list_page(self, context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Token]:
        """List tokens as `queries.list_page` does, with the uses that are not stored yet."""
        page = await queries.list_page(context, org_id, cursor=cursor, limit=limit)
        return Page([self.update(token) for token in page.items], page.next_cursor)

    async def get(self, context: Context, org_id: str, token_id: str) -> Token:
        """Get a token as `queries.get` does, with its last use. Raises NotFound."""
        return self.update(await queries.get(context, org_id, token_id))

    async def list_links(
        self, context: Context, org_id: str, wanted: LinkFilter, *, cursor: str | None, limit: int
    ) -> Page[Link]:
        """List links as `links.queries.list_page` does, with the uses that are not stored yet."""
        page = await link_queries.list_page(context, org_id, wanted, cursor=cursor, limit=limit)
        return Page([self._update_link(link) for link in page.items], page.next_cursor)

    async def get_link(self, context: Context, org_id: str, link_id: str) -> Link:
        """Get a link as `links.queries.get` does, with its last use. Raises NotFound."""
        return self._update_link(await link_queries.get(context, org_id, link_id))

    async def report(self, context: Context, org_id: str, token_id: str) -> TokenReport:
        """Report how a token was used. Raises NotFound."""
        await self.store(context)
        first_day = context.now() // DAY - RETENTION_DAYS

        def query(snapshot: Snapshot) -> TokenReport:
            token = queries.get_visible(context, snapshot, org_id, token_id)
            return TokenReport(token=token, counts=token_usage.list_of_token(snapshot, token_id, first_day))

        return await context.database.read(query)

    async def store(self, context: Context) -> None:
        """Store what was noted; what cannot be stored is kept for the next call."""
        uses, requests, errors = self._last_uses, self._requests, self._errors
        link_uses, session_uses = self._link_uses, dict(self._session_uses)
        if not uses and not requests and not link_uses and not session_uses:
            return
        self._last_uses, self._link_uses, self._requests, self._errors = {}, {}, Counter(), Counter()

        def unit(tx: Transaction) -> None:
            sessions.touch(tx, session_uses)
            _store(tx, uses, link_uses, requests, errors)

        try:
            await context.database.write(unit)
        except BaseException:
            self._last_uses = uses | self._last_uses
            self._link_uses = link_uses | self._link_uses
            self._requests.update(requests)
            self._errors.update(errors)
            raise
        # Until then they were found here: whether a session goes on depends on when it was last used.
        for session_id, used_at in session_uses.items():
            if self._session_uses.get(session_id) == used_at:
                del self._session_uses[session_id]

    def update_session(self, session: Session) -> Session:
        """Return a session with its last use, also where that is not stored yet."""
        used_at = self._session_uses.get(session.id, session.last_used_at)
        return session if used_at <= session.last_used_at else replace(session, last_used_at=used_at)

    async def try_to_store(self, context: Context) -> None:
        """Store what was noted, so that it can be read; where nothing can be stored, it is kept."""
        with suppress(StoreError):
            await self.store(context)

    def _update_link(self, link: Link) -> Link:
        used_at = self._link_uses.get(link.id)
        return link if used_at is None else replace(link, last_used_at=used_at)


def _store(
    tx: Transaction,
    uses: Mapping[str, LastUse],
    link_uses: Mapping[str, int],
    requests: Counter[_Key],
    errors: Counter[_Key],
) -> None:
    tokens.touch(tx, uses)
    links.touch(tx, link_uses)
    token_usage.add(
        tx,
        [
            UsageCount(token_id=key[0], day=key[1], operation=key[2], requests=count, errors=errors[key])
            for key, count in requests.items()
        ],
    )
