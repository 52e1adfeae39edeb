"""When tokens were last used."""

from msgspec.structs import replace

from dcvd.core.tokens import Token
from dcvd.services.context import Context
from dcvd.services.note_buffer import NoteBuffer
from dcvd.services.tokens import queries
from dcvd.store import tokens
from dcvd.store.engine.paging import Page


class TokenUsage:
    """The uses of tokens that were noted since they were last stored."""

    def __init__(self) -> None:
        self._used_at = NoteBuffer(tokens.touch)

    def record_use(self, token_id: str, now: int) -> None:
        """Note that a token was used."""
        self._used_at.record(token_id, now)

    def read_last_used_at(self, token: Token) -> int | None:
        """When a token was last used, also where that is not stored yet."""
        return self._used_at.get(token.id) or token.last_used_at

    async def list_page(self, context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Token]:
        """List tokens as `queries.list_page` does, with the uses that are not stored yet."""
        page = await queries.list_page(context, org_id, cursor=cursor, limit=limit)
        items = [replace(token, last_used_at=self.read_last_used_at(token)) for token in page.items]
        return Page(items, page.next_cursor)

    async def store(self, context: Context) -> None:
        """Store the uses; what cannot be stored is kept for the next call."""
        await self._used_at.store(context)
