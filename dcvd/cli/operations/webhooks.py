"""The operations on what an organization's endpoints are sent, and on its jobs, by calls of the API."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dcvd.api.jobs.view import JobAnswer, JobView
from dcvd.api.webhooks.conformance_view import ConformanceAnswer
from dcvd.api.webhooks.delivery_view import (
    AttemptView,
    DeliveryAnswer,
    DeliveryView,
    ExplanationAnswer,
    ExplanationView,
)
from dcvd.api.webhooks.replay_view import ReplayAnswer
from dcvd.api.webhooks.view import WebhookAnswer, WebhookView
from dcvd.cli.operations.across_organizations import AllOrganizationsOperations

ORGANIZATIONS_PATH: Final = "/operator/organizations"
_TEST_TIMEOUT_S: Final = 60.0
"""Longer than a receiver may take for one answer."""
_CONFORMANCE_TIMEOUT_S: Final = 600.0
"""Longer than a receiver may take for the answers to all probes, one after the other."""


class TestedDelivery(Struct, frozen=True):
    """A test with its only attempt, and an explanation if it failed."""

    delivery: DeliveryView
    attempt: AttemptView
    explanation: ExplanationView | None


class WebhookOperations(AllOrganizationsOperations):
    """Carries out operations on webhooks by calls of the API; `org_id` is the id of an organization that exists."""

    async def change_webhook(self, org_id: str, webhook_id: str, change: Mapping[str, object]) -> WebhookView:
        path = f"{_api(org_id)}/webhooks/{webhook_id}"
        return (await self.call("PATCH", path, WebhookAnswer, body=change)).webhook

    async def test_webhook(self, org_id: str, webhook_id: str, event_type: str | None) -> TestedDelivery:
        """Have an example of a type of event sent; None: the event for tests."""
        path, body = f"{_api(org_id)}/webhooks/{webhook_id}/test", {} if event_type is None else {"event": event_type}
        return await self.call("POST", path, TestedDelivery, body=body, timeout_s=_TEST_TIMEOUT_S)

    async def check_conformance(self, org_id: str, webhook_id: str) -> ConformanceAnswer:
        path = f"{_api(org_id)}/webhooks/{webhook_id}/conformance"
        return await self.call("POST", path, ConformanceAnswer, timeout_s=_CONFORMANCE_TIMEOUT_S)

    async def retry_delivery(self, org_id: str, delivery_id: str) -> DeliveryView:
        return (await self.call("POST", f"{_api(org_id)}/deliveries/{delivery_id}/retry", DeliveryAnswer)).delivery

    async def retry_dead_deliveries(self, org_id: str, webhook_id: str | None) -> ReplayAnswer:
        """Start a job that sends all dead letters again, or those of one endpoint."""
        body = {"status": "dead"} | ({} if webhook_id is None else {"webhookId": webhook_id})
        return await self.call("POST", f"{_api(org_id)}/deliveries/retry", ReplayAnswer, body=body)

    async def cancel_delivery(self, org_id: str, delivery_id: str) -> DeliveryView:
        return (await self.call("POST", f"{_api(org_id)}/deliveries/{delivery_id}/cancel", DeliveryAnswer)).delivery

    async def explain_delivery(self, org_id: str, delivery_id: str) -> ExplanationAnswer:
        return await self.call("GET", f"{_api(org_id)}/deliveries/{delivery_id}/explain", ExplanationAnswer)

    async def retry_job(self, org_id: str, job_id: str) -> JobView:
        return (await self.call("POST", f"{_api(org_id)}/jobs/{job_id}/retry", JobAnswer)).job


def _api(org_id: str) -> str:
    """Return the path of all that the organization's own tenants can call."""
    return f"{ORGANIZATIONS_PATH}/{org_id}/api"
