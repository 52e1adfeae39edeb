"""From the id of a request one gets to the events that it caused, their deliveries and attempts, and its jobs."""

import json
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from dcvd.sandbox import Sandbox
from tests.daemon.process import DaemonProcess, daemon_with
from tests.delivery.receivers import Receiver, receiving
from tests.waiting import until


async def refuse(_: web.Request) -> web.Response:
    return web.Response(status=400)


class Tenant:
    """A tenant who keeps the id of each request's answer."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self.request_id = ""

    async def call(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        async with self._session.request(method, f"{self._url}{path}", json=body) as response:
            answer = await response.json()
            assert response.status == status, answer
            self.request_id = response.headers["X-Request-Id"]
            return answer


def read_log(daemon: DaemonProcess, event: str) -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in daemon.log.read_text().splitlines() if line.startswith("{"))
    return [line for line in lines if line["event"] == event]


async def act(tenant: Tenant, daemon: DaemonProcess, receiver: Receiver) -> None:
    await tenant.call("POST", "/api/webhooks", {"url": receiver.url, "events": ["domain.added", "domain.active"]}, 201)
    added = await tenant.call("POST", "/api/domains", {"domainName": "app.customer.test"}, 201)
    asked, domain_id = tenant.request_id, added["domain"]["id"]
    await receiver.gets(1)

    async def has_failed() -> bool:
        return bool(read_log(daemon, "delivery.failed"))

    await until(has_failed)
    (line, *_) = read_log(daemon, "delivery.failed")
    assert line["request_id"] == asked
    found = await tenant.call("GET", f"/api/deliveries?requestId={asked}")
    (delivery,) = found["deliveries"]
    assert (delivery["id"], delivery["eventId"]) == (line["delivery_id"], line["event_id"])
    assert delivery["event"] == "domain.added"
    shown = await tenant.call("GET", f"/api/deliveries/{delivery['id']}")
    assert shown["delivery"]["requestId"] == asked
    assert shown["attempts"][0]["statusCode"] == 400
    assert "request" not in shown["delivery"]["body"]

    async def is_registered() -> bool:
        return bool(read_log(daemon, "job.done"))

    await until(is_registered)
    (job, *_) = (await tenant.call("GET", "/api/jobs"))["jobs"][-1:]
    assert (job["kind"], job["domainId"], job["requestId"]) == ("register", domain_id, asked)
    assert read_log(daemon, "job.done")[0]["request_id"] == asked

    async def is_active() -> bool:
        deliveries = (await tenant.call("GET", f"/api/deliveries?domainId={domain_id}"))["deliveries"]
        return any(each["event"] == "domain.active" for each in deliveries)

    await until(is_active)
    deliveries = (await tenant.call("GET", f"/api/deliveries?domainId={domain_id}"))["deliveries"]
    # No request caused this, but what was seen of the domain.
    assert [each["requestId"] for each in deliveries if each["event"] == "domain.active"] == [None]
    assert (await tenant.call("GET", "/api/deliveries?requestId=0123456789abcdef"))["deliveries"] == []


async def test_a_request_is_followed_to_its_event_delivery_attempt_and_job(tmp_path: Path, world: Sandbox) -> None:
    async with receiving() as receiver, daemon_with(tmp_path, world) as daemon:
        receiver.answer = refuse
        tokens = []
        for name in ("Acme", "Rival"):
            await daemon.command("org", "create", name)
            tokens.append(await daemon.command("token", "create", "--org", name, "--name", "test", "--quiet"))
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {tokens[0]}"}) as session:
            tenant = Tenant(session, daemon.url)
            await act(tenant, daemon, receiver)
        (line, *_) = read_log(daemon, "delivery.failed")
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {tokens[1]}"}) as session:
            rival = Tenant(session, daemon.url)
            found = await rival.call("GET", f"/api/deliveries?requestId={line['request_id']}")
            assert found == {"deliveries": [], "nextCursor": None}
