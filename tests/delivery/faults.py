"""Faults of the database under a pool at work: a unit or a read comes to nothing, or is done and seems not to be."""

import itertools
import sqlite3
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest

from dcvd.store.engine import database


class Fate(StrEnum):
    """What becomes of the one that is struck; both look alike to whoever asked for it."""

    LOST = "lost"
    DONE_ANYWAY = "done anyway"


def strike(monkeypatch: pytest.MonkeyPatch, of: str, which: int, fate: Fate) -> Callable[[], bool]:
    """Strike the `which`th group or read that holds a function whose qualified name begins with `of`.

    The whole group fails, as when the disk fails at its commit: nobody is told of what it announced. What is returned
    says whether it has come to that.
    """
    numbers = itertools.count(1)
    struck: list[str] = []

    def wrapped(run: Callable[..., Any], names: Callable[[Any], list[str]]) -> Callable[[sqlite3.Connection, Any], Any]:
        def doomed(connection: sqlite3.Connection, work: Any) -> Any:
            mine = any(name.startswith(of) for name in names(work))
            if not mine or next(numbers) != which:
                return run(connection, work)
            struck.append(of)
            if fate is Fate.DONE_ANYWAY:
                run(connection, work)
            raise sqlite3.OperationalError("disk I/O error")

        return doomed

    def of_group(group: list[Any]) -> list[str]:
        return [unit.work.__qualname__ for unit in group]

    def of_read(query: Any) -> list[str]:
        return [getattr(query, "__qualname__", "")]

    monkeypatch.setattr(database, "_run_group", wrapped(database._run_group, of_group))
    monkeypatch.setattr(database, "_run_read", wrapped(database._run_read, of_read))
    return lambda: bool(struck)
