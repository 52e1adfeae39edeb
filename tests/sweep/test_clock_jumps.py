"""Steps of the machine's clock: what was planned goes on within seconds, and nothing is gone or ended for them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from dcvd.core.instants import DAY, to_rfc3339
from dcvd.kit.clock import SystemClock
from dcvd.sandbox import Sandbox, SandboxSettings
from tests.daemon.process import Api, tenant
from tests.daemon.rows import check_rules, rows
from tests.delivery.receivers import Receiver, receiving, saying
from tests.free_ports import find_free_port
from tests.sweep.stepped_clock import SteppedDaemon, requires_faketime, stepped_daemon
from tests.waiting import until

pytestmark = [requires_faketime, pytest.mark.timeout(300), pytest.mark.sweep]

_SECONDS: Final = 30
"""In which whatever was planned has to go on; mostly it takes two."""
_HOUR, _DAY = 3600, 86_400
_STEPS: Final = [100 * _DAY, -30 * _HOUR, 365 * _DAY, -_DAY, 30 * _HOUR, -365 * _DAY, _DAY]
_KEPT: Final = (
    "events", "deliveries", "api_tokens", "webhook_secrets", "domains", "jobs", "idempotency_answers",
)  # fmt: skip
"""Tables whose every row is kept for longer than a test takes."""


class Place:
    """A tenant with something of everything that time ends: all of it is there after any step."""

    def __init__(self, world: Sandbox, daemon: SteppedDaemon, api: Api, receiver: Receiver) -> None:
        self.world = world
        self.daemon = daemon
        self.receiver = receiver
        self._api = api
        self._added = 0
        self._kept: dict[str, set[object]] = {}

    async def fill(self) -> None:
        """Store what a step could destroy."""
        hooks, _, held = [
            await self._create("/api/webhooks", {"url": f"{self.receiver.base}{path}", "events": ["domain.*"]})
            for path in ("/hooks", "/down", "/held")
        ]
        await self._call("POST", f"/api/webhooks/{hooks}/rotate-secret", {"graceSeconds": _DAY})
        await self._create("/api/tokens", {"name": "short", "expiresAt": to_rfc3339(SystemClock().now() + DAY)})
        await self._call("PATCH", f"/api/webhooks/{held}", {"enabled": False})
        name = await self.add()
        await self.serves(name)
        await until(self._has_failed_often)

    async def add(self) -> str:
        """Add a domain, which is active as soon as it has been checked some times."""
        self._added += 1
        name = f"n{self._added}.customer.test"
        key = {"Idempotency-Key": name}
        body = {"domainName": name}
        first = await self._call("POST", "/api/domains", body, headers=key)
        assert await self._call("POST", "/api/domains", body, headers=key) == first
        return name

    async def serves(self, name: str) -> None:
        """Wait until a domain is active, and the endpoint that answers was told so."""

        async def is_told() -> bool:
            return any(
                b'"domain.active"' in request.body and name.encode() in request.body
                for request in self.receiver.received
                if request.path == "/hooks"
            )

        await until(is_told, seconds=_SECONDS)

    def remember(self) -> None:
        """Note what is stored now: it was acknowledged."""
        for table in _KEPT:
            self._kept.setdefault(table, set()).update(row[0] for row in self._rows(f"SELECT rowid FROM {table}"))

    async def makes_rounds(self) -> None:
        """Wait until the janitor has made a whole round since now: each begins by storing when tokens were used."""
        for _ in range(2):
            self._used = self._requests()
            await self._call("GET", "/api/domains")
            await until(self._is_use_stored, seconds=_SECONDS)

    async def notices(self, offset_s: float) -> None:
        """Wait until it has seen how far its clock is off, or goes by it."""

        async def is_seen() -> bool:
            ahead = await self._read_metric("dcvd_clock_ahead_seconds")
            return abs(ahead - offset_s) < 60 and await self._read_metric("dcvd_clock_confirmed") == 1

        async def is_shown() -> bool:
            _, ready = await self._api.call("GET", "/ready")
            return bool(ready["parts"]["clock"] == ("failing" if abs(offset_s) > 60 else "ok"))

        await until(is_seen, seconds=_SECONDS)
        await until(is_shown, seconds=_SECONDS)

    async def goes_on(self) -> None:
        """What was planned goes on, what is new is told, and nothing is gone, disabled or expired."""
        self.remember()
        attempts = len(self.receiver.ids("/down"))
        name = await self.add()
        await self.serves(name)
        await self.receiver.gets(attempts + 1, "/down", seconds=_SECONDS)
        await self.makes_rounds()
        self.check()

    def check(self) -> None:
        """Everything that was acknowledged is there and as it was."""
        for table in _KEPT:
            found = {row[0] for row in self._rows(f"SELECT rowid FROM {table}")}
            assert self._kept[table] <= found, f"{table}: {len(self._kept[table] - found)} are gone"
        assert self._rows("SELECT health, disabled_reason FROM webhook_endpoints WHERE health = 'disabled'") == [
            ("disabled", "manual")
        ]
        assert self._rows("SELECT name FROM domains WHERE status = 'error'") == []
        assert self._rows("SELECT id FROM deliveries WHERE state = 'dropped'") == []
        types = {row[0] for row in self._rows("SELECT DISTINCT type FROM events")}
        assert types.isdisjoint({"endpoint.disabled", "domain.error", "domain.expiring_soon", "domain.dormant"})
        check_rules(self.daemon.directory / "dcvd.db")

    async def _has_failed_often(self) -> bool:
        return len(self.receiver.ids("/down")) >= 11

    async def _is_use_stored(self) -> bool:
        return self._requests() > self._used

    def _requests(self) -> int:
        return int(str(self._rows("SELECT coalesce(sum(requests), 0) FROM token_usage")[0][0]))

    async def _create(self, path: str, body: dict[str, object]) -> str:
        answer = await self._call("POST", path, body)
        (created,) = (value for value in answer.values() if isinstance(value, dict))
        return str(created["id"])

    async def _call(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
    ) -> dict[str, object]:
        status, answer = await self._api.call(method, path, body, headers=headers)
        assert status in (200, 201), answer
        assert isinstance(answer, dict)
        return answer

    async def _read_metric(self, name: str) -> float:
        connector = aiohttp.UnixConnector(str(self.daemon.directory / "dcvd.sock"))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get("http://operator/metrics") as response,
        ):
            lines = (await response.text()).splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def _rows(self, sql: str) -> list[tuple[object, ...]]:
        return rows(self.daemon.directory / "dcvd.db", sql)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    settings = SandboxSettings(api_port=find_free_port(), dns_port=0, edge_port=0, step_s=0.05)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(Sandbox(settings))
        world.set_dns("*.customer.test", "CNAME", ["edge.sandbox.test."])
        receiver = await stack.enter_async_context(receiving())
        receiver.answers = {"/down": saying(500)}
        daemon = await stack.enter_async_context(stepped_daemon(tmp_path, world))
        api = await stack.enter_async_context(tenant(daemon))
        found = Place(world, daemon, api, receiver)
        await found.fill()
        found.remember()
        yield found


@pytest.mark.parametrize("offset_s", _STEPS)
async def test_a_step_while_it_runs_and_back(place: Place, offset_s: int) -> None:
    for each in (offset_s, 0):
        place.daemon.step(each)
        await place.notices(each)
        await place.goes_on()


@pytest.mark.sweep
@pytest.mark.parametrize("offset_s", [*_STEPS[1:], _STEPS[0]])
async def test_a_step_while_it_is_stopped_and_back(place: Place, offset_s: int) -> None:
    for each in (offset_s, 0):
        await place.daemon.kill()
        place.daemon.step(each)
        await place.daemon.start()
        await place.notices(each)
        await place.goes_on()


@pytest.mark.sweep
async def test_steps_one_after_the_other(place: Place) -> None:
    for each in (*_STEPS, 0):
        place.daemon.step(each)
        await place.add()
    await place.notices(0)
    await place.goes_on()


@pytest.mark.sweep
@pytest.mark.parametrize("offset_s", [100 * _DAY, -30 * _HOUR, 365 * _DAY, 30 * _HOUR])
async def test_a_start_with_a_wrong_clock_while_cloudflare_cannot_be_reached(place: Place, offset_s: int) -> None:
    await place.daemon.kill()
    await place.world.stop()
    place.daemon.step(offset_s)
    await place.daemon.start()
    place.remember()
    await place.add()
    await place.makes_rounds()
    place.check()
    await place.world.start()
    await place.notices(offset_s)
    await place.goes_on()
    place.daemon.step(0)
    await place.notices(0)
    await place.goes_on()
