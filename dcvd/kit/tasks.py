"""Own tasks: the long-running ones of a daemon, and bounded pools of short ones."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple

import structlog

log = structlog.get_logger(__name__)


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

    async def drain(self, timeout_s: float) -> int:
        """Accept no more tasks, wait up to `timeout_s` seconds, and cancel the rest; return how many were cancelled.

        Cancelled tasks get a moment to clean up; a task that does not end even then is logged.
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
        _, stuck_tasks = await asyncio.wait(late_tasks, timeout=self._cancel_grace_s)
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


def _locate(task: asyncio.Task[None]) -> str:
    """Return the line of code where a task stands, for the log line that reports a stuck task."""
    frames = task.get_stack(limit=1)
    return f"{frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}" if frames else "unknown"
