"""The operations on domains by calls of the API."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from dcvd.api.domains.input import DomainChange, NewDomain
from dcvd.api.domains.view import DomainAnswer, DomainView, RemovedAnswer
from dcvd.api.operators.domain_view import OperatorDomainAnswer, OperatorDomainList, OperatorDomainView
from dcvd.api.webhooks.delivery_view import DeliveryList, DeliveryView
from dcvd.cli.extents import EVERYTHING, Extent, Listed
from dcvd.cli.operations.api_client import ApiClient
from dcvd.cli.operations.domain_answers import (
    CheckOutput,
    DomainReport,
    TimelineEntryOutput,
    TimelinePage,
)
from dcvd.cli.operations.webhooks import ORGANIZATIONS_PATH
from dcvd.errors import Conflict, DcvdError, NotFound

_ALL_PATH: Final = "/operator/all/domains"
_TIMELINE_EXTENT: Final = Extent(250, counts_more=False)
"""Among so many entries the jobs of a domain are looked for that have not ended well."""
_FAILED_EXTENT: Final = Extent(5, counts_more=False)


class DomainOperations(ApiClient):
    """Carries out operations on domains by calls of the API; `org_id` is the id of an organization that exists."""

    async def list_domains(
        self, query: Mapping[str, str | Sequence[str]], extent: Extent = EVERYTHING
    ) -> Listed[OperatorDomainView]:
        """List the domains of all organizations; `query` has the parameters of `GET /operator/all/domains`."""
        return await self.list_extent(_ALL_PATH, OperatorDomainList, lambda page: page.domains, extent, query=query)

    async def find_domain(self, name_or_id: str, organization: str | None) -> OperatorDomainView:
        """Find a domain by its name, else by its id, of an organization (its id or name) or of whichever has it.

        Raises NotFound, and Conflict where several organizations have the name and none was given.
        """
        query = {"name": name_or_id} | ({} if organization is None else {"organization": organization})
        found = (await self.list_domains(query)).items
        if len(found) > 1:
            names = ", ".join(domain.organization.name for domain in found)
            raise Conflict(
                f"{len(found)} organizations have {found[0].domain_name}: {names}. Say which one by --org.",
                code="ambiguous_name",
            )
        if found:
            return found[0]
        domain = await self._get_domain(name_or_id)
        if domain is None or organization not in (None, domain.organization.id, domain.organization.name):
            what = "There is no domain" if organization is None else f"{organization} has no domain"
            raise NotFound(f"{what} {name_or_id!r}; `dcvd domain list --search TEXT` shows those that exist.")
        return domain

    async def report_domain(self, domain: OperatorDomainView) -> DomainReport:
        """Read what happened to a domain last, and what of it did not go well."""
        timeline = await self.list_timeline(domain.org_id, domain.id, newest_first=True, extent=_TIMELINE_EXTENT)
        dead = await self._list_deliveries(domain, "dead")
        pending = await self._list_deliveries(domain, "pending")
        return DomainReport(
            domain=domain,
            timeline=timeline.items,
            jobs=[entry.job for entry in timeline.items if entry.job is not None and entry.job.status != "done"],
            deliveries=dead.items + [each for each in pending.items if each.last_error is not None],
        )

    async def list_timeline(
        self, org_id: str, domain_id: str, *, newest_first: bool, extent: Extent = EVERYTHING
    ) -> Listed[TimelineEntryOutput]:
        path = f"{_api(org_id)}/domains/{_part(domain_id)}/timeline"
        query = {"order": "newest" if newest_first else "oldest"}
        return await self.list_extent(path, TimelinePage, lambda page: page.timeline, extent, query=query)

    async def add_domain(self, org_id: str, domain: NewDomain) -> DomainView:
        return (await self.call("POST", f"{_api(org_id)}/domains", DomainAnswer, body=domain)).domain

    async def remove_domain(self, org_id: str, domain_id: str, *, remove_records: bool) -> RemovedAnswer:
        path = f"{_api(org_id)}/domains/{_part(domain_id)}"
        query = {"removeRecords": "true"} if remove_records else None
        return await self.call("DELETE", path, RemovedAnswer, query=query)

    async def check_domain(self, before: OperatorDomainView) -> CheckOutput:
        """Have the daemon ask DNS and Cloudflare now."""
        path = f"{_api(before.org_id)}/domains/{_part(before.id)}/sync"
        status, _ = await self.exchange_with_status("POST", path)
        after = await self._get_domain(before.id)
        if after is None:
            raise NotFound(f"{before.domain_name} was removed meanwhile.")
        return CheckOutput(before=before, after=after, is_fresh=status == 200)

    async def move_domain(self, org_id: str, name: str) -> DomainView:
        path, body = f"{ORGANIZATIONS_PATH}/{org_id}/domains/move", {"domainName": name}
        return (await self.call("POST", path, DomainAnswer, body=body)).domain

    async def change_domain(self, org_id: str, name: str, change: DomainChange) -> DomainView:
        path = f"{ORGANIZATIONS_PATH}/{org_id}/domains/{_part(name)}"
        return (await self.call("PATCH", path, DomainAnswer, body=change)).domain

    async def _get_domain(self, domain_id: str) -> OperatorDomainView | None:
        try:
            return (await self.call("GET", f"{_ALL_PATH}/{_part(domain_id)}", OperatorDomainAnswer)).domain
        except DcvdError as error:
            if error.code == NotFound.code:
                return None
            raise

    async def _list_deliveries(self, domain: OperatorDomainView, status: str) -> Listed[DeliveryView]:
        path, query = f"{_api(domain.org_id)}/deliveries", {"domainId": domain.id, "status": status}
        return await self.list_extent(path, DeliveryList, lambda page: page.deliveries, _FAILED_EXTENT, query=query)


def _api(org_id: str) -> str:
    """The path of all that the organization's own tenants can call."""
    return f"{ORGANIZATIONS_PATH}/{org_id}/api"


def _part(text: str) -> str:
    return quote(text, safe="")
