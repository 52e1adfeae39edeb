"""`/operator/organizations/{id_or_name}/api`: all that an organization's tenants can call, for operators.

The routes are those of tenants. What makes them the operator's is the caller, who acts for the organization.
"""

import re
from typing import Final
from urllib.parse import unquote

from litestar.types import Scope
from msgspec.structs import replace

from dcvd.core.callers import Caller
from dcvd.core.organizations.status import require_not_deleting
from dcvd.http.app_services import AppServices
from dcvd.services import organizations

_ACTING_FOR: Final = "dcvd.acting_for"
"""The key in the scope's state of the id or name of the organization for which an operator acts."""
_PATH: Final = re.compile(rb"/operator/organizations/([^/]+)(/api(?:/.*)?)")


def lead_to_tenants_route(scope: Scope) -> None:
    """Give a request below the path of an organization's API the path of that route, and note the organization."""
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    match = _PATH.fullmatch(raw_path)
    if match is None:
        return
    scope["state"][_ACTING_FOR] = unquote(match[1].decode("latin-1"))
    scope["raw_path"] = match[2]
    scope["path"] = unquote(match[2].decode("latin-1"))


def is_acting_operator(scope: Scope) -> bool:
    """Whether the request is an operator's who acts for an organization, or of somebody who claims to be one."""
    return _ACTING_FOR in scope["state"]


async def act_for_organization(scope: Scope, services: AppServices, operator: Caller, *, is_write: bool) -> Caller:
    """Return the operator as a caller who acts for the organization that the path named.

    Raises NotFound, and Conflict for a change where it is being deleted.
    """
    return await act_for(services, scope["state"][_ACTING_FOR], operator, is_write=is_write)


async def act_for(services: AppServices, id_or_name: str, operator: Caller, *, is_write: bool) -> Caller:
    """Return the operator as a caller who acts for an organization; raises what `act_for_organization` does."""
    organization = await organizations.find(services.context, id_or_name)
    if is_write:
        require_not_deleting(organization.name, organization.status)
    return replace(operator, org_id=organization.id)
