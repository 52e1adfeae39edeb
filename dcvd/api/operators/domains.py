"""Domains of an organization, as operators change them."""

from litestar import patch
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from dcvd.api.domains.input import DomainChange
from dcvd.api.domains.view import DomainAnswer, domain_view
from dcvd.http.request import ApiRequest
from dcvd.services.domains import changes
from dcvd.store.organizations.organizations import Organization


@patch("/domains/{name:str}", summary="Change an organization's domain")
async def change_domain(
    request: ApiRequest, organization: NamedDependency[Organization], name: FromPath[str], data: JSONBody[DomainChange]
) -> DomainAnswer:
    """Change what is attached to a domain, by its name."""
    detail = await changes.change_by_name(request.context, organization.id, name, data.change)
    return DomainAnswer(domain_view(detail))
