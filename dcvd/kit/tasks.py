"""Tasks that somebody owns: the eternal ones of a daemon, and bounded pools of short ones."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, NamedTuple

import structlog

log = structlog.get_logger(__name__)

_CANCEL_GRACE_S: Final = 2.0  # seconds that cancelled work gets for its own clean-up


class TaskEnd(NamedTuple):
    """How an eternal task ended; `exception` is None when it simply returned."""

    name: str
    exception: BaseException | None


class Supervisor:
    """Owns named eternal tasks. One that ends without being stopped is a failure, even when it just returns."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping_tasks: set[asyncio.Task[None]] = set()
        self._first_end: TaskEnd | None = None
        self._end_event = asyncio.Event()

    @property
    def task_names(self) -> tuple[str, ...]:
        """The running tasks, in the order in which they were spawned."""
        return tuple(self._tasks)

    def spawn(self, name: str, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts an eternal task. Raises ValueError while another of that name runs."""
        if name in self._tasks:
            coroutine.close()
            raise ValueError(f"a task named {name!r} is already running")
        task = asyncio.create_task(coroutine, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._on_end)
        return task

    async def wait_first_end(self) -> TaskEnd:
        """Waits for the first unexpected end; every further call gives the same one."""
        await self._end_event.wait()
        assert self._first_end is not None
        return self._first_end

    def expect_end(self, name: str) -> None:
        """From now on the named task may return by itself: whoever owns it has asked it to."""
        if name in self._tasks:
            self._stopping_tasks.add(self._tasks[name])

    async def stop(self, *names: str, timeout_s: float) -> None:
        """Cancels the named tasks (all when none is named) together and waits up to `timeout_s` seconds for them.

        Never raises what they raised: failures while stopping are logged, and so are tasks which do not end.
        """
        chosen = {name: task for name, task in self._tasks.items() if not names or name in names}
        if not chosen:
            return
        for task in chosen.values():
            self._stopping_tasks.add(task)
            task.cancel()
        _, pending = await asyncio.wait(chosen.values(), timeout=timeout_s)
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
    """At most `limit` short tasks at once; the failure of one is logged and counted, and never stops another."""

    def __init__(self, limit: int, name: str) -> None:
        if limit < 1:
            raise ValueError(f"the pool {name!r} needs a limit of at least 1, not {limit}")
        self.name = name
        self.limit = limit
        self.failure_count = 0
        self._running_tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._change_event = asyncio.Event()

    @property
    def free_slots(self) -> int:
        """Slots in which `start` would start something now."""
        return 0 if self._is_closed else self.limit - len(self._running_tasks)

    @property
    def running_count(self) -> int:
        return len(self._running_tasks)

    def start(self, name: str, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts it in a free slot; raises RuntimeError when there is none, or after `drain`."""
        if self.free_slots == 0:
            coroutine.close()
            raise RuntimeError(f"the pool {self.name!r} has no free slot for {name!r}: wait_free() first")
        task = asyncio.create_task(coroutine, name=name)
        self._running_tasks.add(task)
        task.add_done_callback(self._on_end)
        return task

    async def wait_free(self) -> None:
        """Waits until `start` would succeed; for ever after `drain`."""
        while self.free_slots == 0:
            self._change_event.clear()
            await self._change_event.wait()

    async def drain(self, timeout_s: float) -> int:
        """Takes no more work, waits up to `timeout_s` seconds, cancels the rest; gives the number of cancelled tasks.

        What was cancelled gets a moment to clean up; a task that does not end even then is logged.
        """
        self._is_closed = True
        running = set(self._running_tasks)
        if not running:
            return 0
        _, late = await asyncio.wait(running, timeout=timeout_s)
        if not late:
            return 0
        log.warning("pool.cancelling", pool=self.name, tasks=sorted(task.get_name() for task in late))
        for task in late:
            task.cancel()
        _, stuck = await asyncio.wait(late, timeout=_CANCEL_GRACE_S)
        for task in stuck:
            log.error("pool.task_stuck", pool=self.name, task=task.get_name(), at=_locate(task))
        return len(late)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        self._running_tasks.discard(task)
        self._change_event.set()
        if task.cancelled():
            log.info("pool.task_cancelled", pool=self.name, task=task.get_name())
        elif (exception := task.exception()) is not None:
            self.failure_count += 1
            log.error("pool.task_failed", pool=self.name, task=task.get_name(), exc_info=exception)


def _locate(task: asyncio.Task[None]) -> str:
    """Where a task stands, for the log line that says it does not end."""
    frames = task.get_stack(limit=1)
    return f"{frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}" if frames else "unknown"
