"""Jobs and deletions that stop at each of their awaits until a machine lets them go on, and a Cloudflare for them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.domains.domain import ValidationMethod
from dcvd.core.domains.hostname_orders import HostnameOrder
from dcvd.core.domains.observations import CloudflareHostname, CloudflareHostnameAbsence
from dcvd.errors import Permanent, RemoteError
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from tests.services.memory import MemoryDatabase

T = TypeVar("T")

DUPLICATE: Final = 1406


class HastyLoop(asyncio.SelectorEventLoop):
    """A loop whose time flies, so that nobody in it sleeps."""

    ticks = 0

    def time(self) -> float:
        self.ticks += 1
        return float(self.ticks)


class Gate(Struct, frozen=True, eq=False):
    """Where a task waits. is_remote: whether it is at a call of Cloudflare's."""

    task_id: str
    is_open: asyncio.Future[None]
    is_remote: bool


class Attempts:
    """Tasks under way. Each stands at a gate before every call of its, and before the answer to it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._gates: list[Gate] = []

    @property
    def ids(self) -> list[str]:
        """The ids of what is under way."""
        return [each for each, task in self._tasks.items() if not task.done()]

    def start(self, task_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin something, up to its first gate."""
        self._tasks[task_id] = self._loop.create_task(work, name=task_id)
        self._settle()

    def step(self, number: int) -> None:
        """Let one of the tasks go on to its next gate."""
        if self._gates:
            self._pass(self._gates[number % len(self._gates)])

    def fail(self, number: int, error: RemoteError) -> None:
        """Have one of the calls of Cloudflare's fail."""
        remote = [gate for gate in self._gates if gate.is_remote]
        if remote:
            self._pass(remote[number % len(remote)], error)

    def finish(self, *, but: str = "") -> None:
        """Let all tasks but one go on to their ends."""
        while gate := next((each for each in self._gates if each.task_id != but), None):
            self._pass(gate)

    def finish_one(self, task_id: str, max_steps: int) -> None:
        """Let a task go on for so many steps, or to its end."""
        for _ in range(max_steps):
            gate = next((each for each in self._gates if each.task_id == task_id), None)
            if gate is None:
                return
            self._pass(gate)

    async def wait(self, *, is_remote: bool = False) -> None:
        """Wait at a gate."""
        task = asyncio.current_task()
        assert task is not None, "only what was started waits here"
        gate = Gate(task.get_name(), self._loop.create_future(), is_remote)
        self._gates.append(gate)
        await gate.is_open

    def _pass(self, gate: Gate, error: RemoteError | None = None) -> None:
        self._gates.remove(gate)
        if error is None:
            gate.is_open.set_result(None)
        else:
            gate.is_open.set_exception(error)
        self._settle()

    def _settle(self) -> None:
        while len(self._gates) < len(self.ids):
            self._loop.run_until_complete(asyncio.sleep(0))
        for task_id, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[task_id]
                task.result()


class GatedDatabase:
    """A database at which an attempt waits before each of its units of work."""

    def __init__(self, database: MemoryDatabase, attempts: Attempts) -> None:
        self._database = database
        self._attempts = attempts

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        await self._attempts.wait()
        return await self._database.write(unit)

    async def read(self, query: Callable[[Snapshot], T]) -> T:
        await self._attempts.wait()
        return await self._database.read(query)

    def listen(self, topic: Topic) -> asyncio.Event:
        return asyncio.Event()

    def subscribe(self, topic: Topic, callback: Callable[[str], None]) -> None:
        return None

    async def maintain(self, work: Callable[[Any], T]) -> T:
        raise NotImplementedError


class PlayedHostname(Struct, frozen=True):
    """A hostname as it stands at Cloudflare."""

    id: str
    hostname: str
    method: str
    wildcard: bool


class PlayedCloudflare:
    """What jobs need of Cloudflare, which has one hostname for a name, and validates it by where the name leads.

    leads_here: whether a name leads anywhere in the service.
    """

    def __init__(self, attempts: Attempts, leads_here: Callable[[], bool]) -> None:
        self._attempts = attempts
        self._leads_here = leads_here
        self._count = 0
        self.hostnames: dict[str, PlayedHostname] = {}
        self.removed_ids: set[str] = set()

    def count_free_creates(self) -> int | None:
        return None

    def build_order(
        self, hostname: str, *, validation: ValidationMethod = "http", wildcard: bool = False
    ) -> HostnameOrder:
        return HostnameOrder(hostname=hostname, validation=validation, wildcard=wildcard)

    def show(self, cf_id: str) -> CloudflareHostname | CloudflareHostnameAbsence:
        """What Cloudflare says of a hostname now."""
        found = self.hostnames.get(cf_id)
        if found is None:
            return CloudflareHostnameAbsence(cf_id)
        status, ssl_status = ("active", "active") if self._leads_here() else ("pending", "pending_validation")
        return CloudflareHostname(
            id=cf_id, hostname=found.hostname, status=status, ssl_status=ssl_status, method=found.method,
            wildcard=found.wildcard,
        )  # fmt: skip

    async def create(self, hostname: str, *, validation: ValidationMethod, wildcard: bool, **_: Any) -> Any:
        def work() -> Any:
            if self._find(hostname) is not None:
                raise Permanent("Duplicate custom hostname found.", code="hostname_taken", remote_code=DUPLICATE)
            self._count += 1
            cf_id = f"cf-{self._count}"
            order = self.build_order(hostname, validation=validation, wildcard=wildcard)
            self.hostnames[cf_id] = PlayedHostname(cf_id, hostname, order.method, wildcard)
            shown = self.show(cf_id)
            assert isinstance(shown, CloudflareHostname)
            return replace(shown, status="pending", ssl_status="initializing")

        return await self._answer(work)

    async def find(self, hostname: str, **_: Any) -> Any:
        def work() -> Any:
            found = self._find(hostname)
            return None if found is None else self.show(found.id)

        return await self._answer(work)

    async def get(self, cf_id: str, **_: Any) -> Any:
        return await self._answer(lambda: self.show(cf_id))

    async def edit(self, cf_id: str, order: HostnameOrder, **_: Any) -> Any:
        return await self._answer(lambda: self._edit(cf_id, order))

    async def revalidate(self, seen: CloudflareHostname, order: HostnameOrder, **_: Any) -> Any:
        return await self._answer(lambda: self.show(seen.id))

    async def delete(self, cf_id: str, **_: Any) -> None:
        def work() -> None:
            if self.hostnames.pop(cf_id, None) is not None:
                self.removed_ids.add(cf_id)

        await self._answer(work)

    def _edit(self, cf_id: str, order: HostnameOrder) -> CloudflareHostname | CloudflareHostnameAbsence:
        if (found := self.hostnames.get(cf_id)) is not None:
            self.hostnames[cf_id] = PlayedHostname(cf_id, found.hostname, order.method, order.wildcard)
        return self.show(cf_id)

    def _find(self, hostname: str) -> PlayedHostname | None:
        return next((each for each in self.hostnames.values() if each.hostname == hostname), None)

    async def _answer(self, work: Callable[[], T]) -> T:
        await self._attempts.wait(is_remote=True)
        answer = work()
        await self._attempts.wait(is_remote=True)
        return answer
