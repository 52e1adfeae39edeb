"""The operations on the operator's own endpoints and events, by calls of the API."""

from collections.abc import Mapping
from typing import Final

from msgspec import Raw, Struct

from dcvd.api.webhooks.delivery_view import DeliveryAnswer, DeliveryList, DeliveryView
from dcvd.api.webhooks.view import RotationAnswer, WebhookAnswer, WebhookList, WebhookView
from dcvd.cli.extents import EVERYTHING, Extent, Listed
from dcvd.cli.operations.api_client import PAGE_SIZE
from dcvd.cli.operations.webhooks import TestedDelivery, WebhookOperations
from dcvd.core.webhooks.deliveries import DeliveryStatus

_WEBHOOKS_PATH: Final = "/operator/webhooks"


class EventPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """Events byte for byte as they were stored, and where to read on."""

    events: list[Raw]
    next_cursor: str
    has_more: bool


class ProgramOperations(WebhookOperations):
    """Carries out operations on the operator's own endpoints by calls of the API."""

    async def create_program_webhook(self, body: Mapping[str, object]) -> WebhookView:
        return (await self.call("POST", _WEBHOOKS_PATH, WebhookAnswer, body=body)).webhook

    async def list_program_webhooks(self, extent: Extent = EVERYTHING) -> Listed[WebhookView]:
        return await self.list_extent(_WEBHOOKS_PATH, WebhookList, lambda page: page.webhooks, extent)

    async def show_program_webhook(self, webhook_id: str) -> WebhookView:
        return (await self.call("GET", f"{_WEBHOOKS_PATH}/{webhook_id}", WebhookAnswer)).webhook

    async def change_program_webhook(self, webhook_id: str, body: Mapping[str, object]) -> WebhookView:
        return (await self.call("PATCH", f"{_WEBHOOKS_PATH}/{webhook_id}", WebhookAnswer, body=body)).webhook

    async def remove_program_webhook(self, webhook_id: str) -> None:
        await self.exchange("DELETE", f"{_WEBHOOKS_PATH}/{webhook_id}")

    async def rotate_program_secret(self, webhook_id: str, grace_s: int) -> RotationAnswer:
        path, body = f"{_WEBHOOKS_PATH}/{webhook_id}/rotate-secret", {"graceSeconds": grace_s}
        return await self.call("POST", path, RotationAnswer, body=body)

    async def test_program_webhook(self, webhook_id: str) -> TestedDelivery:
        return await self.call("POST", f"{_WEBHOOKS_PATH}/{webhook_id}/test", TestedDelivery)

    async def list_program_deliveries(
        self, webhook_id: str | None, status: DeliveryStatus | None, extent: Extent = EVERYTHING
    ) -> Listed[DeliveryView]:
        query = {"webhookId": webhook_id, "status": status}
        given = {name: value for name, value in query.items() if value is not None}
        return await self.list_extent(
            "/operator/deliveries", DeliveryList, lambda page: page.deliveries, extent, query=given
        )

    async def retry_program_delivery(self, delivery_id: str) -> DeliveryView:
        return (await self.call("POST", f"/operator/deliveries/{delivery_id}/retry", DeliveryAnswer)).delivery

    async def cancel_program_delivery(self, delivery_id: str) -> DeliveryView:
        return (await self.call("POST", f"/operator/deliveries/{delivery_id}/cancel", DeliveryAnswer)).delivery

    async def read_program_events(self, after: str | None, wait_s: int) -> EventPage:
        """Read the events after a number, from the oldest that is stored if it is None; wait for one if none is."""
        query = {"limit": PAGE_SIZE} | ({} if after is None else {"after": after})
        headers = {"Prefer": f"wait={wait_s}"} if wait_s else None
        return await self.call("GET", "/operator/events", EventPage, query=query, headers=headers)
