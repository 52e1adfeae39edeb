"""Plans: what becomes of a row, decided by what is stored, and how it is stored then."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from dcvd.core.predecessor.rows import ImportOutcome
from dcvd.store.engine.transactions import Transaction

ORIGIN: Final[dict[str, Any]] = {"source": "predecessor"}
"""The member by which an audit says that something was not made here."""


class Plan(Struct, frozen=True):
    """What becomes of a row; `store` stores one that comes along, in the transaction that the plan was made in."""

    outcome: ImportOutcome
    notes: tuple[str, ...] = ()
    store: Callable[[Transaction], None] | None = None


def bring(store: Callable[[Transaction], None], *notes: str) -> Plan:
    """Plan to store a row."""
    return Plan(ImportOutcome.IMPORTED, notes, store)


def claim_beside(store: Callable[[Transaction], None], *notes: str) -> Plan:
    """Plan to store a domain whose name another organization has."""
    return Plan(ImportOutcome.CLAIMED, notes, store)


def refuse(note: str) -> Plan:
    """Plan to store nothing, of which somebody has to know."""
    return Plan(ImportOutcome.REFUSED, (note,))


def leave_out(note: str) -> Plan:
    """Plan to store nothing, as is right so."""
    return Plan(ImportOutcome.LEFT_OUT, (note,))
