"""How often tokens were used for each operation, by day. It outlasts its tokens, and goes by its own age."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dcvd.store.engine.transactions import Snapshot, Transaction

_ADD: Final = (
    # A token may be gone by the time at which its usage is stored.
    "INSERT INTO token_usage (token_id, day, operation, org_id, requests, errors)"
    " SELECT id, ?2, ?3, org_id, ?4, ?5 FROM api_tokens WHERE id = ?1"
    " ON CONFLICT (token_id, day, operation)"
    " DO UPDATE SET requests = requests + excluded.requests, errors = errors + excluded.errors"
)


class UsageCount(Struct, frozen=True, kw_only=True):
    """The requests of a token for one operation on one day (UTC, days since the epoch), and those that failed."""

    token_id: str
    day: int
    operation: str
    requests: int
    errors: int


def add(tx: Transaction, counts: Sequence[UsageCount]) -> None:
    """Add to what is stored; counts of tokens that are gone are dropped."""
    tx.execute_many(
        _ADD, [(count.token_id, count.day, count.operation, count.requests, count.errors) for count in counts]
    )


def list_of_token(snapshot: Snapshot, token_id: str, first_day: int) -> list[UsageCount]:
    """List a token's counts from a day on, the latest day first."""
    rows = snapshot.fetch_all(
        "SELECT day, operation, requests, errors FROM token_usage WHERE token_id = ? AND day >= ?"
        " ORDER BY day DESC, operation",
        (token_id, first_day),
    )
    return [
        UsageCount(token_id=token_id, day=day, operation=operation, requests=requests, errors=errors)
        for day, operation, requests, errors in rows
    ]


def delete_before(tx: Transaction, day: int, limit: int) -> int:
    """Remove counts of the days before one; return how many."""
    return tx.delete_some("token_usage", "(token_id, day, operation)", "day < ?", (day, limit))
