"""`/operator` and `/metrics`: for the command line and for Prometheus, over the unix socket alone.

They are not in the published schema, which is for tenants.
"""

from typing import Any, Final

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.diagnosis.routes import refreshed_response
from dcvd.api.diagnosis.view import DiagnosisAnswer
from dcvd.api.domains.bulk import DryRun, add_from_request
from dcvd.api.domains.view import DomainAnswer, domain_view
from dcvd.api.operators import (
    alerts,
    all_domains,
    configuration,
    links,
    members,
    predecessor,
    probes,
    programs,
    sessions,
    zones,
)
from dcvd.api.operators.all import routes as all_organizations
from dcvd.api.operators.cloudflare_import import import_from_cloudflare
from dcvd.api.operators.domains import change_domain
from dcvd.api.operators.organizations import HANDLERS_OF_ALL, HANDLERS_OF_ONE, find_organization
from dcvd.api.operators.status import show_status
from dcvd.api.operators.view import RenewalsAnswer
from dcvd.api.tokens.input import NewOperatorToken, TokenChange, TokenRotation
from dcvd.api.tokens.routes import Descendants
from dcvd.api.tokens.view import (
    RevokedTokens,
    TokenAnswer,
    TokenList,
    UsageAnswer,
    minted_token_answer,
    token_list,
    token_view,
    usage_answer,
)
from dcvd.core.timeline import OPERATOR_ACTOR
from dcvd.http.access.authentication import authenticate_operator
from dcvd.http.idempotency import IdempotencyKey
from dcvd.http.languages import TranslatedOperation
from dcvd.http.parameters import Cursor, Limit, parse_flag, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.metrics.exposition import CONTENT_TYPE
from dcvd.services.domains import details, moves
from dcvd.services.lifecycle import renewals
from dcvd.services.tokens import changes, minting, revocation
from dcvd.store.organizations.organizations import Organization

_DEFAULT_ROTATION: Final = TokenRotation()


class NameToMove(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The name that an organization is to have."""

    domain_name: str


@post("/tokens", summary="Mint a token for an organization", status_code=201)
async def mint_organization_token(
    request: ApiRequest, organization: NamedDependency[Organization], data: JSONBody[NewOperatorToken]
) -> Response[TokenAnswer]:
    """Mint a token. Its plain text is in this answer and never again."""
    minted = await minting.create(
        request.context,
        organization.id,
        name=data.name,
        role=data.role,
        expires_at=data.read_expiry(),
        member_id=data.member_id,
        limits=data.limits,
    )
    address = f"/operator/organizations/{organization.id}/tokens/{minted.token.id}"
    return Response(minted_token_answer(minted), headers={"Location": address})


@get("/tokens", summary="List an organization's tokens")
async def list_organization_tokens(
    request: ApiRequest, organization: NamedDependency[Organization], limit: Limit = None, cursor: Cursor = None
) -> TokenList:
    """List an organization's tokens, newest first and without their plain text."""
    usage = request.services.token_usage
    page = await usage.list_page(request.context, organization.id, cursor=cursor, limit=parse_page_limit(limit))
    return token_list(page)


@patch("/tokens/{token_id:str}", summary="Change an organization's token")
async def change_organization_token(
    request: ApiRequest,
    organization: NamedDependency[Organization],
    token_id: FromPath[str],
    data: JSONBody[TokenChange],
) -> TokenAnswer:
    """Change a token's name or expiry."""
    token = await changes.change(request.context, organization.id, token_id, data.read())
    return TokenAnswer(token_view(request.services.token_usage.update(token)))


@delete("/tokens/{token_id:str}", summary="Revoke an organization's token")
async def revoke_organization_token(
    request: ApiRequest,
    organization: NamedDependency[Organization],
    token_id: FromPath[str],
    descendants: Descendants = None,
) -> None:
    """Revoke a token, which stops working at once, also in requests that are under way."""
    with_descendants = parse_flag("descendants", descendants)
    await revocation.revoke(request.context, organization.id, token_id, with_descendants=with_descendants)


@post("/tokens/{token_id:str}/rotate", summary="Rotate an organization's token", status_code=200)
async def rotate_organization_token(
    request: ApiRequest,
    organization: NamedDependency[Organization],
    token_id: FromPath[str],
    data: JSONBody[TokenRotation] = _DEFAULT_ROTATION,
) -> TokenAnswer:
    """Make a new plain text, which is in this answer and never again; the present one works for a while beside it."""
    grace_ms = data.read_grace_ms()
    return minted_token_answer(await changes.rotate(request.context, organization.id, token_id, grace_ms=grace_ms))


@post("/tokens/revoke-all", summary="Revoke all of an organization's tokens", status_code=200)
async def revoke_all_organization_tokens(
    request: ApiRequest, organization: NamedDependency[Organization]
) -> RevokedTokens:
    """Revoke all tokens; the organization has none then, until an operator mints one."""
    return RevokedTokens(await revocation.revoke_all(request.context, organization.id, keep_own=False))


@get("/tokens/{token_id:str}/usage", summary="Show how an organization's token is used")
async def get_organization_token_usage(
    request: ApiRequest, organization: NamedDependency[Organization], token_id: FromPath[str]
) -> UsageAnswer:
    """Show when and from where a token was last used, and its requests by day and operation."""
    return usage_answer(await request.services.token_usage.report(request.context, organization.id, token_id))


@get("/renewals", summary="Renewals that are late")
async def list_renewals(request: ApiRequest) -> RenewalsAnswer:
    """List the late renewals of all organizations; the one that has been late for longest comes first."""
    return RenewalsAnswer(await renewals.summarize_renewals(request.context))


@post("/domains/bulk", summary="Add many domains to an organization", status_code=200)
async def add_many_to_organization(
    request: ApiRequest,
    organization: NamedDependency[Organization],
    dry_run: DryRun = None,
    key: IdempotencyKey = None,
) -> Response[Any]:
    """Add many domains to an organization, as its tenants can themselves."""
    return await add_from_request(request, organization.id, OPERATOR_ACTOR, dry_run, key)


@post("/domains/move", summary="Move a name to an organization", status_code=200)
async def move_to_organization(
    request: ApiRequest, organization: NamedDependency[Organization], data: JSONBody[NameToMove]
) -> DomainAnswer:
    """Give a name, whoever holds it, to an organization with its hostname at Cloudflare."""
    domain = await moves.move(request.context, organization.id, data.domain_name)
    return DomainAnswer(domain_view(details.describe(request.context, domain)))


@get("/domains/{name:str}/diagnosis", summary="Diagnose the domain of a name", operation_class=TranslatedOperation)
async def diagnose_for_operator(request: ApiRequest, name: FromPath[str]) -> Response[DiagnosisAnswer]:
    """Check and diagnose the domain of any organization; 202 with what is stored if that takes too long."""
    services = request.services
    return refreshed_response(request, await services.diagnoser.refresh_by_name(services.checks, name))


@get("/metrics", summary="The daemon's metrics", guards=[authenticate_operator], include_in_schema=False)
async def show_metrics(request: ApiRequest) -> Response[bytes]:
    """Show the metrics in Prometheus' text format."""
    return Response(await request.services.exposition.render(), media_type=CONTENT_TYPE)


_ORGANIZATION_ROUTER: Final = Router(
    "/organizations/{id_or_name:str}",
    route_handlers=[
        *HANDLERS_OF_ONE,
        *members.HANDLERS,
        *alerts.HANDLERS,
        *links.HANDLERS,
        *zones.HANDLERS,
        mint_organization_token,
        list_organization_tokens,
        change_organization_token,
        revoke_organization_token,
        rotate_organization_token,
        revoke_all_organization_tokens,
        get_organization_token_usage,
        add_many_to_organization,
        move_to_organization,
        change_domain,
        import_from_cloudflare,
    ],
    dependencies={"organization": Provide(find_organization)},
)
ROUTER: Final = Router(
    "/operator",
    route_handlers=[
        *HANDLERS_OF_ALL,
        *predecessor.HANDLERS,
        *configuration.HANDLERS,
        *probes.HANDLERS,
        *sessions.HANDLERS,
        _ORGANIZATION_ROUTER,
        list_renewals,
        show_status,
        diagnose_for_operator,
        programs.ROUTER,
        all_domains.ROUTER,
        all_organizations.ROUTER,
    ],
    guards=[authenticate_operator],
    include_in_schema=False,
)
