"""Following events: each is shown once and in order, also while the daemon comes and goes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dcvd.api.operators.all.views import OrganizationEvent
from dcvd.cli.events.follower import EventFollower, Pauses
from dcvd.errors import DcvdError, StoreError
from dcvd.http.answers.problem_view import Problem
from tests.cli.operations.test_remote import problem_response
from tests.waiting import until

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Heard:
    """What a console was told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def show_event(self, event: OrganizationEvent) -> None:
        self.heard.append(event.id)

    def show_lost(self) -> None:
        self.heard.append("lost")

    def show_found(self) -> None:
        self.heard.append("found")


@asynccontextmanager
async def daemon(socket: Path, handler: Handler) -> AsyncIterator[None]:
    application = web.Application()
    application.router.add_get("/operator/all/events/follow", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(socket)).start()
    yield
    await runner.cleanup()


def event(number: int) -> dict[str, Any]:
    return {
        "id": f"evt_{number}",
        "sequence": number,
        "event": "domain.added",
        "timestamp": "2026-01-15T10:30:00Z",
        "organization": {"id": "org_1", "name": "Acme"},
        "domainId": None,
        "data": {"domain_name": "app.customer.com"},
    }


def page(cursor: str, *numbers: int, more: bool = False) -> web.Response:
    events = [event(number) for number in numbers]
    return web.json_response({"events": events, "nextCursor": cursor, "hasMore": more})


@asynccontextmanager
async def following(socket: Path, heard: Heard, **options: Any) -> AsyncIterator[asyncio.Task[None]]:
    pauses = Pauses(first_s=0.01, longest_s=0.05)
    follower = EventFollower(socket, {"types": "domain.*"}, heard, pauses=pauses, **options)
    task = asyncio.create_task(follower.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def test_each_event_is_shown_once_across_a_restart_from_where_it_was(tmp_path: Path) -> None:
    socket, heard, asked = tmp_path / "d.sock", Heard(), list[dict[str, str]]()

    async def first(request: web.Request) -> web.StreamResponse:
        asked.append(dict(request.query))
        if "after" not in request.query:
            return page("one", 1, 2)
        await asyncio.sleep(60)
        raise AssertionError("it is stopped before")

    async def second(request: web.Request) -> web.StreamResponse:
        asked.append(dict(request.query))
        if request.query["after"] == "one":
            return page("two", 2, 3)  # the one before had gone, so that one comes again
        await asyncio.sleep(60)
        raise AssertionError("it is stopped before")

    async def has_heard(count: int) -> bool:
        return len(heard.heard) >= count

    async with daemon(socket, first):
        following_it = following(socket, heard, last=2)
        task = await following_it.__aenter__()
        await until(lambda: has_heard(2))
    await until(lambda: has_heard(3))
    async with daemon(socket, second):
        await until(lambda: has_heard(5))
        assert not task.done()
        await following_it.__aexit__(None, None, None)
    assert heard.heard == ["evt_1", "evt_2", "lost", "found", "evt_3"]
    assert asked[0] == {"types": "domain.*", "last": "2"}
    assert asked[-1]["after"] in {"one", "two"}


async def test_without_a_daemon_at_first_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No daemon listens"):
        await EventFollower(tmp_path / "d.sock", {}, Heard()).run()


async def test_what_the_daemon_refuses_ends_it(tmp_path: Path) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return problem_response(Problem(title="Not Found", status=404, detail="There is none.", code="not_found"))

    async with daemon(tmp_path / "d.sock", refuse):
        with pytest.raises(DcvdError, match="There is none"):
            await EventFollower(tmp_path / "d.sock", {}, Heard()).run()
