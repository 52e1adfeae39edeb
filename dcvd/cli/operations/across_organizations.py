"""The operations on what all organizations have, by calls of the API."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from dcvd.api.operators.all.views import (
    DeadJobsList,
    FollowedEvents,
    OrganizationAuditEntry,
    OrganizationAuditList,
    OrganizationConnection,
    OrganizationConnectionAnswer,
    OrganizationConnectionList,
    OrganizationDelivery,
    OrganizationDeliveryAnswer,
    OrganizationDeliveryList,
    OrganizationEvent,
    OrganizationEventAnswer,
    OrganizationEventList,
    OrganizationJob,
    OrganizationJobAnswer,
    OrganizationJobList,
    OrganizationWebhook,
    OrganizationWebhookAnswer,
    OrganizationWebhookList,
    RequeuedJobs,
)
from dcvd.api.operators.view import OrganizationSummaryList, OrganizationSummaryView
from dcvd.cli.extents import EVERYTHING, Extent, Listed
from dcvd.cli.operations.api_client import ApiClient
from dcvd.errors import Conflict, NotFound

_PATH: Final = "/operator/all"
_CANDIDATES: Final = Extent(10, counts_more=False)
"""So many endpoints are named where a text means several."""


class AllOrganizationsOperations(ApiClient):
    """Reads what all organizations have by calls of the API; `query` has the parameters of the route of a list."""

    async def list_organization_summaries(self, extent: Extent = EVERYTHING) -> Listed[OrganizationSummaryView]:
        path = f"{_PATH}/organizations"
        return await self.list_extent(path, OrganizationSummaryList, lambda page: page.organizations, extent)

    async def list_webhooks(self, query: Mapping[str, str], extent: Extent = EVERYTHING) -> Listed[OrganizationWebhook]:
        path = f"{_PATH}/webhooks"
        return await self.list_extent(path, OrganizationWebhookList, lambda page: page.webhooks, extent, query=query)

    async def find_webhook(self, id_url_or_name: str, organization: str | None) -> OrganizationWebhook:
        """Find an endpoint by its id, its URL or its name. Raises NotFound, and Conflict where several are meant."""
        query = {"webhook": id_url_or_name} | ({} if organization is None else {"organization": organization})
        found = (await self.list_webhooks(query, _CANDIDATES)).items
        if not found:
            raise NotFound(f"There is no webhook {id_url_or_name!r}; `dcvd webhook list` shows those that exist.")
        if len(found) > 1:
            meant = ", ".join(f"{each.id} ({each.organization.name})" for each in found)
            raise Conflict(f"{id_url_or_name!r} means several webhooks: {meant}. Give an id, or --org.")
        return found[0]

    async def show_webhook(self, webhook_id: str) -> OrganizationWebhook:
        return (await self.call("GET", f"{_PATH}/webhooks/{_part(webhook_id)}", OrganizationWebhookAnswer)).webhook

    async def list_deliveries(
        self, query: Mapping[str, str], extent: Extent = EVERYTHING
    ) -> Listed[OrganizationDelivery]:
        path = f"{_PATH}/deliveries"
        return await self.list_extent(path, OrganizationDeliveryList, lambda page: page.deliveries, extent, query=query)

    async def show_delivery(self, delivery_id: str) -> OrganizationDeliveryAnswer:
        return await self.call("GET", f"{_PATH}/deliveries/{_part(delivery_id)}", OrganizationDeliveryAnswer)

    async def list_events(self, query: Mapping[str, str], extent: Extent = EVERYTHING) -> Listed[OrganizationEvent]:
        path = f"{_PATH}/events"
        return await self.list_extent(path, OrganizationEventList, lambda page: page.events, extent, query=query)

    async def show_event(self, event_id: str) -> OrganizationEventAnswer:
        return await self.call("GET", f"{_PATH}/events/{_part(event_id)}", OrganizationEventAnswer)

    async def follow_events(self, query: Mapping[str, str], *, wait_s: int) -> FollowedEvents:
        """Read the events behind `after`, and wait so long for the first of them."""
        headers = {"Prefer": f"wait={wait_s}"}
        return await self.call("GET", f"{_PATH}/events/follow", FollowedEvents, query=query, headers=headers)

    async def list_jobs(self, query: Mapping[str, str], extent: Extent = EVERYTHING) -> Listed[OrganizationJob]:
        return await self.list_extent(f"{_PATH}/jobs", OrganizationJobList, lambda page: page.jobs, extent, query=query)

    async def list_causes(self) -> DeadJobsList:
        return await self.call("GET", f"{_PATH}/jobs/causes", DeadJobsList)

    async def requeue_jobs(self, kind: str, code: str) -> RequeuedJobs:
        body = {"kind": kind, "code": code}
        return await self.call("POST", f"{_PATH}/jobs/requeue", RequeuedJobs, body=body)

    async def show_job(self, job_id: str) -> OrganizationJob:
        return (await self.call("GET", f"{_PATH}/jobs/{_part(job_id)}", OrganizationJobAnswer)).job

    async def list_connections(
        self, query: Mapping[str, str], extent: Extent = EVERYTHING
    ) -> Listed[OrganizationConnection]:
        path = f"{_PATH}/connections"
        return await self.list_extent(
            path, OrganizationConnectionList, lambda page: page.connections, extent, query=query
        )

    async def show_connection(self, connection_id: str) -> OrganizationConnection:
        path = f"{_PATH}/connections/{_part(connection_id)}"
        return (await self.call("GET", path, OrganizationConnectionAnswer)).connection

    async def list_audit(self, query: Mapping[str, str], extent: Extent = EVERYTHING) -> Listed[OrganizationAuditEntry]:
        path = f"{_PATH}/audit"
        return await self.list_extent(path, OrganizationAuditList, lambda page: page.audit, extent, query=query)


def _part(text: str) -> str:
    return quote(text, safe="")
