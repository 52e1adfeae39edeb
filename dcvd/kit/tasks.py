"""Own tasks: the long-running ones of a daemon, bounded pools of short ones, and those that outlive their callers."""

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeVar, cast

import structlog

from dcvd.errors import DcvdError

log = structlog.get_logger(__name__)


T = TypeVar("T")

_END_S: Final = 1.0
"""Seconds that a task gets to end once it is cancelled."""


class TaskEnd(NamedTuple):
    """The end of a long-running task; `exception` is None when it simply returned."""

    name: str
    exception: BaseException | None


class Supervisor:
    """Owns named long-running tasks. A task that ends without being stopped is a failure, even when it just returns."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping_tasks: set[asyncio.Task[None]] = set()
        self._first_end: TaskEnd | None = None
        self._end_event = asyncio.Event()

    @property
    def task_names(self) -> tuple[str, ...]:
        """The names of the running tasks, in the order in which they were spawned."""
        return tuple(self._tasks)

    def spawn(self, name: str, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a long-running task. Raises ValueError while another of that name runs."""
        if name in self._tasks:
            coroutine.close()
            raise ValueError(f"a task named {name!r} is already running")
        task = asyncio.create_task(coroutine, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._on_end)
        return task

    async def wait_first_end(self) -> TaskEnd:
        """Wait for the first unexpected end; every further call returns the same one."""
        await self._end_event.wait()
        assert self._first_end is not None
        return self._first_end

    def expect_end(self, name: str) -> None:
        """Allow the named task to return by itself from now on, because its owner has asked it to."""
        if name in self._tasks:
            self._stopping_tasks.add(self._tasks[name])

    async def stop(self, *names: str, timeout_s: float) -> None:
        """Cancel the named tasks (all when none is named) together, and wait up to `timeout_s` seconds for them.

        Never raises what they raised: failures while stopping are logged, and so are tasks that do not end.
        """
        tasks = {name: task for name, task in self._tasks.items() if not names or name in names}
        if not tasks:
            return
        for task in tasks.values():
            self._stopping_tasks.add(task)
            task.cancel()
        _, pending = await asyncio.wait(tasks.values(), timeout=timeout_s)
        for task in pending:
            log.error("task.stuck", task=task.get_name(), deadline_s=timeout_s, at=_locate(task))

    def _on_end(self, task: asyncio.Task[None]) -> None:
        name = task.get_name()
        if self._tasks.get(name) is task:
            del self._tasks[name]
        exception = asyncio.CancelledError() if task.cancelled() else task.exception()
        if task in self._stopping_tasks:
            self._stopping_tasks.discard(task)
            if exception is not None and not task.cancelled():
                log.error("task.failed_while_stopping", task=name, exc_info=exception)
            else:
                log.debug("task.stopped", task=name)
            return
        if exception is None:
            log.error("task.returned", task=name)
        else:
            log.error("task.failed", task=name, exc_info=exception)
        if self._first_end is None:
            self._first_end = TaskEnd(name, exception)
            self._end_event.set()


class TaskPool:
    """Runs at most `limit` short tasks at once. A task's failure is logged and counted, and never stops another.

    cancel_grace_s: seconds that cancelled tasks get for their own clean-up.
    """

    def __init__(self, limit: int, name: str, *, cancel_grace_s: float = 2.0) -> None:
        if limit < 1:
            raise ValueError(f"the pool {name!r} needs a limit of at least 1, not {limit}")
        self.name = name
        self.limit = limit
        self._cancel_grace_s = cancel_grace_s
        self.failure_count = 0
        self._running_tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._change_event = asyncio.Event()

    @property
    def free_slots(self) -> int:
        """The number of slots in which `start` could start a task now."""
        return 0 if self._is_closed else self.limit - len(self._running_tasks)

    @property
    def running_count(self) -> int:
        """The number of tasks that run now."""
        return len(self._running_tasks)

    def start(self, name: str, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task in a free slot. Raises RuntimeError when there is none, or after `drain`."""
        if self.free_slots == 0:
            coroutine.close()
            raise RuntimeError(f"the pool {self.name!r} has no free slot for {name!r}: wait_free() first")
        task = asyncio.create_task(coroutine, name=name)
        self._running_tasks.add(task)
        task.add_done_callback(self._on_end)
        return task

    async def wait_free(self) -> None:
        """Wait until `start` would succeed; after `drain`, wait for ever."""
        while self.free_slots == 0:
            self._change_event.clear()
            await self._change_event.wait()

    async def drain(self, timeout_s: float, *, cancel_grace_s: float | None = None) -> int:
        """Accept no more tasks, wait up to `timeout_s` seconds, and cancel the rest; return how many were cancelled.

        Cancelled tasks get the grace to clean up, which is the pool's own where none is given; a task that does not end
        even then is logged.
        """
        self._is_closed = True
        running_tasks = set(self._running_tasks)
        if not running_tasks:
            return 0
        _, late_tasks = await asyncio.wait(running_tasks, timeout=timeout_s)
        if not late_tasks:
            return 0
        log.warning("pool.cancelling", pool=self.name, tasks=sorted(task.get_name() for task in late_tasks))
        for task in late_tasks:
            task.cancel()
        grace_s = self._cancel_grace_s if cancel_grace_s is None else cancel_grace_s
        _, stuck_tasks = await asyncio.wait(late_tasks, timeout=grace_s)
        for task in stuck_tasks:
            log.error("pool.task_stuck", pool=self.name, task=task.get_name(), at=_locate(task))
        return len(late_tasks)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        self._running_tasks.discard(task)
        self._change_event.set()
        if task.cancelled():
            log.info("pool.task_cancelled", pool=self.name, task=task.get_name())
        elif (exception := task.exception()) is not None:
            self.failure_count += 1
            log.error("pool.task_failed", pool=self.name, task=task.get_name(), exc_info=exception)


class DetachedTasks:
    """Short tasks that go on when their callers have left: each changes something outside, and stores what came of it.

    cancel_grace_s: seconds that cancelled tasks get for their own clean-up.
    """

    def __init__(self, *, cancel_grace_s: float = 2.0) -> None:
        self._cancel_grace_s = cancel_grace_s
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._is_closed = False

    async def run(self, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of the task of this name, which is started unless it runs already.

        Raises what the task raises, and RuntimeError after `close`.
        """
        task = self._tasks.get(name)
        if task is None:
            if self._is_closed:
                raise RuntimeError(f"{name} cannot start any more: what it needs is being closed")
            task = self._tasks[name] = asyncio.create_task(work(), name=name)
            task.add_done_callback(self._on_end)
        return cast("T", await asyncio.shield(task))

    async def wait(self, names: Iterable[str]) -> None:
        """Wait until none of the tasks of these names runs."""
        while tasks := [self._tasks[name] for name in names if name in self._tasks]:
            await asyncio.wait(tasks)

    def list_names(self, prefix: str) -> list[str]:
        """List the names of the running tasks that begin with a prefix."""
        return [name for name in self._tasks if name.startswith(prefix)]

    async def drain(self, timeout_s: float) -> int:
        """Wait up to `timeout_s` seconds until no task runs, also none that starts meanwhile, and cancel the rest.

        Returns how many were cancelled.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while self._tasks and (remaining_s := deadline - loop.time()) > 0:
            await asyncio.wait(list(self._tasks.values()), timeout=remaining_s)
        late_tasks = [task for task in self._tasks.values() if not task.done()]
        for task in late_tasks:
            log.warning("task.cut_off", task=task.get_name(), deadline_s=timeout_s, at=_locate(task))
            task.cancel()
        if late_tasks:
            _, stuck_tasks = await asyncio.wait(late_tasks, timeout=self._cancel_grace_s)
            for task in stuck_tasks:
                log.error("task.stuck", task=task.get_name(), deadline_s=self._cancel_grace_s, at=_locate(task))
        return len(late_tasks)

    async def close(self) -> None:
        """Start no more tasks, and cancel those that still run."""
        self._is_closed = True
        await self.drain(0)

    def _on_end(self, task: asyncio.Task[Any]) -> None:
        del self._tasks[task.get_name()]
        # The caller may have left: what a task raises is logged here, unless it is an answer and no fault of our own.
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, DcvdError):
            log.error("task.failed", task=task.get_name(), exc_info=error)


async def run_to_end(
    name: str, coroutine: Coroutine[Any, Any, T], *, finish_s: float | None = None, is_cancelled: bool = False
) -> T:
    """Run a coroutine to its end, however often the caller is cancelled meanwhile; the cancellation goes on then.

    finish_s: seconds that it may go on after a cancellation, if not for ever. is_cancelled: whether the caller was
    cancelled before, and has put that off for this.
    """
    task = asyncio.create_task(coroutine, name=name)
    try:
        if is_cancelled:
            raise asyncio.CancelledError
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await wait_despite_cancellation(task, finish_s)
        if not task.done():
            log.warning("task.cut_off", task=name, deadline_s=finish_s, at=_locate(task))
            await cancel_and_wait(task)
        elif not task.cancelled() and (error := task.exception()) is not None:
            log.warning("task.failed_when_cancelled", task=name, error=str(error))
        raise


async def cancel_and_wait(task: asyncio.Task[Any]) -> None:
    """Cancel a task, and wait a second for its end, also where the caller is cancelled meanwhile."""
    task.cancel()
    await wait_despite_cancellation(task, _END_S)


async def wait_despite_cancellation(task: asyncio.Task[Any], timeout_s: float | None = None) -> None:
    """Wait for a task, up to `timeout_s` seconds if given; a caller that is cancelled meanwhile waits all the same."""
    loop = asyncio.get_running_loop()
    end = math.inf if timeout_s is None else loop.time() + timeout_s
    while not task.done() and (remaining_s := end - loop.time()) > 0:
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task}, timeout=None if timeout_s is None else remaining_s)


def _locate(task: asyncio.Task[Any]) -> str:
    """Return the line of code where a task stands, for the log line that reports a stuck task."""
    frames = task.get_stack(limit=1)
    return f"{frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}" if frames else "unknown"
