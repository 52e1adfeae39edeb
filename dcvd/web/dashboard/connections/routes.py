"""`/dashboard/connections`: the connections to DNS providers."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from dcvd.core.callers import CallerKind
from dcvd.core.connections.credentials_forms import CREDENTIALS_FORMS, name_form
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.connections import queries
from dcvd.services.connections.consents import gives_consent_for_one_name
from dcvd.services.connections.removal import disconnect
from dcvd.services.domain_setup import list_consent_providers
from dcvd.services.domains import queries as domains
from dcvd.services.domains.queries import DomainQuery
from dcvd.store.engine.paging import DEFAULT_LIMIT
from dcvd.web.dashboard.connections import consent, credentials
from dcvd.web.dashboard.navigation import CONNECTIONS, DOMAINS
from dcvd.web.dashboard.visit import Visit, open_visit

_FAILURES: Final = {
    "access_denied": "connections_failed_declined",
    "insufficient_scope": "connections_failed_scope",
    "quota_reached": "connections_failed_quota",
}
"""What is said to somebody who comes back from a provider without a connection, by the code of the error."""


@get("/")
async def list_connections(request: ApiRequest) -> Template:
    """List the connections, newest first, and show the ways to make another one."""
    visit = await open_visit(request)
    page, counts = await queries.list_with_domain_counts(
        request.context,
        request.services.access.usage,
        request.org_id,
        cursor=request.query_params.get("cursor"),
        limit=DEFAULT_LIMIT,
    )
    return visit.show(
        "connections/list",
        {
            "connections": [(each, counts.get(each.id, 0)) for each in page.items],
            "next_url": visit.link_next(page.next_cursor),
            "failed": _find_failure(visit),
            **_list_ways(request),
        },
    )


@get("/{connection_id:str}")
async def show_connection(request: ApiRequest, connection_id: FromPath[str]) -> Template:
    """Show whether a connection works, and which domains use it."""
    visit = await open_visit(request)
    usage = request.services.access.usage
    connection, domain_count = await queries.get(request.context, usage, request.org_id, connection_id)
    users = []
    if visit.may(DOMAINS):
        wanted = DomainQuery(connection_id=connection_id)
        users = (
            await domains.list_page(request.context, request.org_id, wanted, cursor=None, limit=DEFAULT_LIMIT)
        ).items
    return visit.show(
        "connections/connection",
        {
            "connection": connection,
            "domain_count": domain_count,
            "users": users,
            "ways": _list_ways(request, connection.provider.value),
        },
    )


@post("/{connection_id:str}/remove", status_code=200)
async def remove_connection(request: ApiRequest, connection_id: FromPath[str]) -> Response[Any]:
    """Revoke a connection at its provider, if that is possible, and erase it here in any case."""
    visit, services = await open_visit(request), request.services
    # What it has begun is carried on with the rights of dcvd itself, whatever becomes of the caller's.
    context = services.context.for_caller(request.auth)
    await disconnect(context, services.access, request.org_id, connection_id, actor=request.actor)
    return visit.go_to("/connections", done="done_connection_removed")


def _list_ways(request: ApiRequest, provider: str | None = None) -> dict[str, Any]:
    """List the ways to connect, to any provider or to one: by consent, and by credentials.

    An authorization belongs to a token or a member; operators are neither, and no page of theirs is what it ends at.
    """
    config = request.context.config
    may_consent = request.auth.kind is not CallerKind.OPERATOR
    return {
        "consents": [
            (each.value, gives_consent_for_one_name(config, each))
            for each in list_consent_providers(request.services.access.token_client, None)
            if may_consent and provider in (None, each.value)
        ],
        "forms": [name_form(form) for form in CREDENTIALS_FORMS if provider in (None, form.provider.value)],
        "is_vault_missing": not request.context.vault.is_configured,
    }


def _find_failure(visit: Visit) -> str | None:
    code = visit.request.query_params.get("failed")
    return None if code is None else visit.words(_FAILURES.get(code, "connections_failed"))


ROUTERS: Final[tuple[Router, ...]] = (
    Router(
        "/connections",
        route_handlers=[
            list_connections,
            show_connection,
            remove_connection,
            *consent.HANDLERS,
            *credentials.HANDLERS,
        ],
        opt=CONNECTIONS,
    ),
)
