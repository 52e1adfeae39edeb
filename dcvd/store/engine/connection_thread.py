"""Run work on a connection's own thread, as one step."""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import aiosqlite

T = TypeVar("T")


def run_on_thread(connection: aiosqlite.Connection, function: Callable[..., T], *arguments: object) -> Awaitable[T]:
    """Run `function(sqlite3_connection, *arguments)` as one step on the connection's own thread.

    aiosqlite has no public call for this: each of its methods goes to the thread and back for itself, so a unit of many
    statements would pay for each, and a cancellation could cut it in two. `_execute` is private, so the version of
    aiosqlite is bounded, and a test notices a change.
    """
    execute = cast("Callable[..., Awaitable[T]]", connection._execute)
    return execute(_call_on_thread, connection, function, arguments)


def _call_on_thread(connection: aiosqlite.Connection, function: Callable[..., T], arguments: tuple[object, ...]) -> T:
    return function(connection._conn, *arguments)
