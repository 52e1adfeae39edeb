"""Who may be an operator, how long a stop takes, and the log."""

import asyncio
import json
import os
import signal
from typing import Any

from dcvd.api.app import Api
from dcvd.kit.http.server.peer import PEER_EXTENSION
from tests.daemon.process import daemon_with
from tests.daemon.reload.cases import case
from tests.daemon.reload.place import Place, opened
from tests.waiting import until

_STRANGER = 54_321


async def call_as(place: Place, app: Api, uid: int, *, method: str = "GET") -> int:
    """The status of an operator call over the unix socket by a user."""
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    peer = {"pid": os.getpid(), "uid": uid, "gid": uid}
    scope: Any = {
        "type": "http", "method": method, "path": "/operator/organizations", "raw_path": b"/operator/organizations",
        "query_string": b"", "headers": [], "extensions": {PEER_EXTENSION: peer},
    }  # fmt: skip
    await app(scope, receive, send)
    return statuses[0]


@case("server.operators")
async def _(place: Place) -> None:
    app = Api(place.daemon.services)
    assert await call_as(place, app, _STRANGER) == 403
    place.reload(server__operators=f"[{_STRANGER}]")
    assert await call_as(place, app, _STRANGER) == 200
    place.reload_all({})
    assert await call_as(place, app, _STRANGER) == 403


@case("server.observers")
async def _(place: Place) -> None:
    app = Api(place.daemon.services)
    place.reload(server__observers=f"[{_STRANGER}]")
    assert await call_as(place, app, _STRANGER) == 200
    assert await call_as(place, app, _STRANGER, method="POST") == 403
    place.reload_all({})
    assert await call_as(place, app, _STRANGER) == 403


@case("server.shutdown_timeout")
async def _(place: Place) -> None:
    directory = place.directory / "second"
    directory.mkdir()
    async with opened(directory) as second:
        second.reload(server__shutdown_timeout='"1h"')
        host, _, port = second.daemon.urls[0].removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        # A request whose body does not come holds up the stop.
        writer.write(b"POST /hooks/cloudflare HTTP/1.1\r\nhost: x\r\ncf-webhook-auth: secret-one\r\n")
        writer.write(b"content-length: 9\r\n\r\n{")
        await writer.drain()
        second.reload(server__shutdown_timeout='"100ms"')
        async with asyncio.timeout(60):
            await second.daemon.stop()
        writer.close()


async def reload_log(place: Place, before: str, after: str, *, awaited: str = "") -> tuple[str, str]:
    """The log of a daemon with `before` in [log], and what SIGHUP adds to it with `after` there instead.

    A thread writes the log, so that it may come later than what it tells: `awaited` has to be there before the SIGHUP.
    """
    directory = place.directory / "".join(filter(str.isalpha, before))
    directory.mkdir()
    async with daemon_with(directory, place.sandbox, extra=f"[log]\n{before}\n") as daemon:
        daemon.config.write_text(daemon.config.read_text().replace(before, after))

        async def written() -> bool:
            return awaited in daemon.log.read_text()

        await until(written)
        started = daemon.log.read_text()
        daemon.process.send_signal(signal.SIGHUP)

        async def reloaded() -> bool:
            return "daemon.reloaded" in daemon.log.read_text()

        await until(reloaded)
        return started, daemon.log.read_text().removeprefix(started)


@case("log.level")
async def _(place: Place) -> None:
    started, added = await reload_log(place, 'level = "error"', 'level = "info"')
    assert "daemon.started" not in started
    assert "daemon.reloaded" in added


@case("log.format")
async def _(place: Place) -> None:
    started, added = await reload_log(place, 'format = "console"', 'format = "json"', awaited="daemon.started")
    (line,) = [line for line in started.splitlines() if "daemon.started" in line]
    assert not line.startswith("{")
    (line,) = [line for line in added.splitlines() if "daemon.reloaded" in line]
    assert json.loads(line)["taken_over"] == ["log.format"]
