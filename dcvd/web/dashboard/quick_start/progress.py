"""How far an organization has come: what it has that each step of the quick start would make."""

from msgspec import Struct

from dcvd.core.domains.domain import Domain, RequiredRecord
from dcvd.core.domains.typed_records import required_records_to_type
from dcvd.core.ids import may_be_id
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.services.domains import queries
from dcvd.services.domains.queries import DomainQuery
from dcvd.services.webhooks import endpoints
from dcvd.web.dashboard.navigation import DOMAINS, WEBHOOKS
from dcvd.web.dashboard.visit import Visit

_RESERVED_EXAMPLE = "app.customer.test"
_EXAMPLE = "app.customer.com"


class Progress(Struct, frozen=True, kw_only=True):
    """The newest domain and endpoint that the reader may know of. records: what the domain's customer has to create."""

    domain: Domain | None
    records: tuple[RequiredRecord, ...]
    endpoint: Endpoint | None
    example_name: str

    @property
    def has_records(self) -> bool:
        """Whether all of the domain's records were found."""
        return self.domain is not None and all(record.is_verified for record in self.records)

    @property
    def domain_id(self) -> str:
        """The domain's id for commands, or what stands for it there."""
        return "DOMAIN_ID" if self.domain is None or not may_be_id(self.domain.id) else self.domain.id

    @property
    def endpoint_id(self) -> str:
        """The endpoint's id for commands, or what stands for it there."""
        return "WEBHOOK_ID" if self.endpoint is None or not may_be_id(self.endpoint.id) else self.endpoint.id


async def read_progress(visit: Visit) -> Progress:
    """Read what the organization has already."""
    request = visit.request
    context, org_id = request.context, request.org_id
    domains: list[Domain] = []
    receivers: list[Endpoint] = []
    if visit.may(DOMAINS):
        domains = (await queries.list_page(context, org_id, DomainQuery(), cursor=None, limit=1)).items
    if visit.may(WEBHOOKS):
        receivers = (await endpoints.list_page(context, org_id, cursor=None, limit=1)).items
    domain = domains[0] if domains else None
    is_sandbox = "test" in context.config.domains.allow_reserved_tlds
    return Progress(
        domain=domain,
        records=() if domain is None else required_records_to_type(domain),
        endpoint=receivers[0] if receivers else None,
        example_name=_RESERVED_EXAMPLE if is_sandbox else _EXAMPLE,
    )
