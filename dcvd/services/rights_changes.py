"""Announcements that the rights of a token, link or session change, so that what its bearer has under way ends."""

from dcvd.services.context import Context
from dcvd.store.engine.transactions import Topic, Transaction


def announce_change(context: Context, tx: Transaction, bearer_id: str) -> None:
    """Announce that this transaction changes the rights of a token, link or session, and which request changes them."""
    tx.announce(Topic.RIGHTS, f"{bearer_id} {context.caller.request_id or ''}")


def parse_announcement(key: str) -> tuple[str, str | None]:
    """Return the id of the token, link or session whose rights changed, and of the request, if one changed them."""
    bearer_id, _, request_id = key.partition(" ")
    return bearer_id, request_id or None
