"""Shift what is planned by a step of the clock, so that as long is left of each wait as before it."""

from dcvd.core.clock_discipline import ClockStep
from dcvd.store.engine.transactions import Transaction


def shift_plans(tx: Transaction, table: str, column: str, step: ClockStep, condition: str = "TRUE") -> int:
    """Shift the instants of a column, nothing to before the present one; return how many there were."""
    return tx.execute(
        f"UPDATE {table} SET {column} = max({column} + ?1, ?2) WHERE {condition} AND {column} > ?3 AND {column} <= ?4",
        (step.length_ms, step.after_at, step.planned_after, step.planned_until),
    )


def date_back(tx: Transaction, table: str, column: str, step: ClockStep) -> int:
    """After a step back, date what was stored by the clock that was ahead at the present instant; return how many."""
    if step.length_ms > 0:
        return 0
    return tx.execute(f"UPDATE {table} SET {column} = ?1 WHERE {column} > ?1", (step.after_at,))
