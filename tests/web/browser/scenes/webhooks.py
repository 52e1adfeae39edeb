"""The dashboard's pages of webhooks."""

from typing import Any, Final

from aiohttp import web
from playwright.async_api import expect

from tests.delivery.receivers import Receiver, ok, receiving, saying
from tests.waiting import until
from tests.web.browser.scenes.stage import Scene, Stage


async def subscribe(stage: Stage, url: str, **changes: Any) -> str:
    """A new endpoint for all events; its id."""
    webhook = {"url": url, "events": ["*"], **changes}
    answer = await stage.tenant.api.call("POST", "/api/webhooks", webhook)
    endpoint_id: str = answer["webhook"]["id"]
    return endpoint_id


async def list_deliveries(stage: Stage, query: str = "") -> list[Any]:
    found: list[Any] = (await stage.tenant.api.call("GET", f"/api/deliveries{query}"))["deliveries"]
    return found


async def _refuse(request: web.Request) -> web.StreamResponse:
    return web.json_response({"error": "the database of orders is away"}, status=503)


async def _send_some(stage: Stage, receiver: Receiver) -> str:
    """An endpoint that took some events, and has not taken the latest ones; its id."""
    endpoint_id = await subscribe(stage, receiver.url, name="Orders", ordering="none", retrySchedule=["0s", "100ms"])
    for answer, count in ((ok, 4), (saying(401), 1), (_refuse, 2)):
        receiver.answer = answer
        for _ in range(count):
            await stage.tenant.add()
        await until(lambda: _is_all_ended(stage))
    return endpoint_id


async def _is_all_ended(stage: Stage) -> bool:
    found = await list_deliveries(stage)
    return bool(found) and all(each["status"] != "pending" for each in found)


async def show_no_endpoint(stage: Stage) -> None:
    await stage.open_dashboard("/webhooks")
    await expect(stage.page.get_by_role("heading", name="Add an endpoint")).to_be_visible()


async def show_endpoints(stage: Stage) -> None:
    async with receiving() as receiver:
        await _send_some(stage, receiver)
        paused = await subscribe(stage, f"{receiver.base}/{'long-address/' * 6}", events=["job.dlq"])
        await stage.tenant.api.call("PATCH", f"/api/webhooks/{paused}", {"enabled": False})
    await stage.open_dashboard("/webhooks")
    await expect(stage.page.get_by_role("heading", name="Dead letters")).to_be_visible()


async def show_secret(stage: Stage) -> None:
    await show_no_endpoint(stage)
    await stage.page.get_by_label("URL").fill("http://127.0.0.1:8080/hooks")
    await stage.page.get_by_role("button", name="Add an endpoint").click()
    await expect(stage.page.get_by_role("heading", name="The secret of your endpoint")).to_be_visible()


async def show_endpoint(stage: Stage) -> None:
    async with receiving() as receiver:
        endpoint_id = await _send_some(stage, receiver)
    await stage.open_dashboard(f"/webhooks/{endpoint_id}?window=hour")
    await expect(stage.page.get_by_role("img", name="Attempts over time")).to_be_visible()
    await stage.page.get_by_text("Figures").click()


async def show_conformance(stage: Stage) -> None:
    async with receiving() as receiver:
        endpoint_id = await subscribe(stage, receiver.url)
        await stage.open_dashboard(f"/webhooks/{endpoint_id}")
        await stage.page.get_by_role("button", name="Check the receiver").click()
        await expect(stage.page.get_by_text("The receiver does not conform")).to_be_visible()


async def show_replay(stage: Stage) -> None:
    async with receiving() as receiver:
        endpoint_id = await _send_some(stage, receiver)
    await stage.open_dashboard(f"/webhooks/{endpoint_id}")
    await stage.page.get_by_role("button", name="Count them").click()
    await expect(stage.page.get_by_text("events would be sent again")).to_be_visible()


async def show_deliveries(stage: Stage) -> None:
    async with receiving() as receiver:
        await _send_some(stage, receiver)
    await stage.open_dashboard("/deliveries")
    await expect(stage.page.get_by_role("row")).not_to_have_count(0)


async def show_delivery(stage: Stage) -> None:
    async with receiving() as receiver:
        await _send_some(stage, receiver)
    [dead, *_] = await list_deliveries(stage, "?status=dead")
    await stage.open_dashboard(f"/deliveries/{dead['id']}")
    await expect(stage.page.get_by_role("article")).to_have_count(2)
    await stage.page.get_by_text("The receiver's answer").first.click()


SCENES: Final[dict[str, Scene]] = {
    "webhooks_none": show_no_endpoint,
    "webhooks": show_endpoints,
    "webhook_secret": show_secret,
    "webhook": show_endpoint,
    "webhook_conformance": show_conformance,
    "webhook_replay": show_replay,
    "deliveries": show_deliveries,
    "delivery": show_delivery,
}
