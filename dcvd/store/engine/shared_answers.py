"""Answers that the units of one transaction share, for as long as none of them changes what they come from."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from dcvd.store.engine.statement_effects import StatementEffects

T = TypeVar("T")


class SharedAnswers:
    """Asks once what each of many units asks, such as whether the token is still good that all of them came with.

    A statement costs more than its answer: the interpreter's lock is given away and taken again two or three times.
    """

    def __init__(self, effects: StatementEffects) -> None:
        self._effects = effects
        self._answers: dict[str, dict[Sequence[Any], Any]] = {}

    def find(self, sql: str, parameters: Sequence[Any], ask: Callable[[], T]) -> T:
        """Return what `ask` makes of the answer to a statement, now or for a unit before; nobody may change it."""
        known = self._answers.get(sql)
        if known is not None and parameters in known:
            return cast("T", known[parameters])
        answer = ask()
        self._answers.setdefault(sql, {})[parameters] = answer
        return answer

    def outdate(self, connection: sqlite3.Connection, change: str, parameters: object) -> None:
        """Forget the answers that a statement changes. parameters: those of one execution; any will do."""
        if self._answers:
            for sql in self._effects.find_outdated(connection, change, parameters, self._answers):
                del self._answers[sql]

    def forget(self) -> None:
        """Forget all answers, since what a unit has changed was undone."""
        self._answers.clear()
