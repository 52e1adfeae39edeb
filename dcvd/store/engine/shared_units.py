"""Units of work that do for many callers what each of them has asked for by itself."""

import asyncio
import threading
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

from dcvd.errors import StoreError
from dcvd.store.engine.caller_database import DatabaseAccess
from dcvd.store.engine.transactions import Transaction

I = TypeVar("I")  # noqa: E741
R = TypeVar("R")

_MOST_AT_ONCE: Final = 64
"""Others have to wait for as long as one unit takes."""


class SharedUnits(Generic[I, R]):
    """Does the same for many in one unit of work, where they ask for it before that begins.

    Its statements, and much of what stands around them, then cost about as much for all as for one. What comes of it is
    what would come of a unit for each: where it fails, that is what is done.
    """

    def __init__(self, work: Callable[[Transaction, Sequence[I]], Sequence[R]]) -> None:
        """`work` does what some have asked for, in their order, and returns what came of each."""
        self._work = work
        self._next: dict[Hashable, _SharedUnit[I, R]] = {}

    async def run(self, database: DatabaseAccess, key: Hashable, item: I) -> R:
        """Have `work` do one thing; see `Database.write`. Raises what that raises for it alone.

        key: what all have in common who may share a unit, as far as `work` and `database` depend on it.
        """
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        unit = self._next.get(key)
        if unit is None or not unit.join(item, future):
            unit = self._next[key] = _SharedUnit(database, self._work, item, future)
            # Whoever leaves takes nothing from the others: none of them does the waiting.
            unit.task = asyncio.create_task(self._run(key, unit), name="store.shared_unit")
        return await future

    async def _run(self, key: Hashable, unit: "_SharedUnit[I, R]") -> None:
        """Have a unit done, and give each caller what came of theirs."""
        try:
            outcomes = await unit.do()
        except BaseException:
            for _, future in unit.begin():
                future.cancel()
            raise
        finally:
            if self._next.get(key) is unit:
                del self._next[key]
        for (_, future), outcome in zip(unit.begin(), outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


class _SharedUnit(Generic[I, R]):
    """One unit, and those who wait for it."""

    def __init__(
        self,
        database: DatabaseAccess,
        work: Callable[[Transaction, Sequence[I]], Sequence[R]],
        first_item: I,
        first_future: "asyncio.Future[R]",
    ) -> None:
        self.task: asyncio.Task[None] | None = None
        self._database = database
        self._work = work
        self._wanted = [(first_item, first_future)]
        self._has_begun = False
        # The event loop adds, and the writer's thread begins.
        self._lock = threading.Lock()

    def join(self, item: I, future: "asyncio.Future[R]") -> bool:
        """Have one thing more done, and return True; False where it is too late for that, or too much."""
        with self._lock:
            if self._has_begun or len(self._wanted) >= _MOST_AT_ONCE:
                return False
            self._wanted.append((item, future))
            return True

    def begin(self) -> "list[tuple[I, asyncio.Future[R]]]":
        """Let nobody join any more; return what is wanted, but by those who had given up before."""
        with self._lock:
            if not self._has_begun:
                self._has_begun = True
                self._wanted = [each for each in self._wanted if not each[1].cancelled()]
            return self._wanted

    async def do(self) -> Sequence[R | BaseException]:
        """Do all of it, and return what came of each."""
        try:
            return await self._database.write(self._do)
        except StoreError as error:
            # It is the database that failed, and would for each of them.
            return [error] * len(self.begin())
        except Exception as error:  # noqa: BLE001  # whichever it is, its caller gets it
            items = [item for item, _ in self.begin()]
            if len(items) == 1:
                return [error]
            units = [self._database.write(partial(self._do_one, item)) for item in items]
            return await asyncio.gather(*units, return_exceptions=True)

    def _do(self, tx: Transaction) -> Sequence[R]:
        items = [item for item, _ in self.begin()]
        return self._work(tx, items) if items else ()

    def _do_one(self, item: I, tx: Transaction) -> R:
        (outcome,) = self._work(tx, [item])
        return outcome
