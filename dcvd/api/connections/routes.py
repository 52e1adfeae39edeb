"""`/api/oauth/connections`: an organization's connections to DNS providers."""

from collections.abc import Awaitable
from typing import Final

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from dcvd.api.connections.view import ConnectionAnswer, ConnectionList, connection_view
from dcvd.core.connections.connection import Connection, Provider
from dcvd.http.documentation import problems
from dcvd.http.given_credentials import GivenCredentials, read_credentials
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.parameters import Cursor, Limit, parse_page_limit
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.connections import queries
from dcvd.services.connections.removal import disconnect
from dcvd.services.context import Context


class NewConnection(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which provider to connect to, and with which credentials."""

    provider: Provider
    credentials: GivenCredentials


@post("", summary="Connect by credentials", status_code=201, responses=problems(409, 501))
async def create_connection(
    request: ApiRequest, data: JSONBody[NewConnection], key: IdempotencyKey = None
) -> Response[ConnectionAnswer]:
    """Connect by credentials, which are tried at the provider first, stored encrypted and never shown again.

    To connect by OAuth, begin with `POST /api/oauth/authorize`.
    """
    services = request.services
    credentials = read_credentials(data.provider, data.credentials)

    def connect(context: Context) -> Awaitable[Connection]:
        return services.credential_trials.connect(
            context, services.access.drivers, request.org_id, data.provider, credentials, actor=request.actor
        )

    def respond(connection: Connection) -> Response[ConnectionAnswer]:
        location = {"Location": f"{request.root}/oauth/connections/{connection.id}"}
        return Response(ConnectionAnswer(connection_view(connection)), headers=location)

    return await answer_once(request, key, connect, respond)


@get("", opt={"link": True}, summary="List the connections")
async def list_connections(request: ApiRequest, limit: Limit = None, cursor: Cursor = None) -> ConnectionList:
    """List the organization's connections, newest first."""
    usage = request.services.access.usage
    page = await queries.list_page(request.context, usage, request.org_id, cursor=cursor, limit=parse_page_limit(limit))
    return ConnectionList(connections=[connection_view(row) for row in page.items], next_cursor=page.next_cursor)


@get("/{connection_id:str}", opt={"link": True}, summary="Show a connection")
async def get_connection(request: ApiRequest, connection_id: FromPath[str]) -> ConnectionAnswer:
    """Show whether it works, when it was last used, what went wrong last, and how many domains use it."""
    usage = request.services.access.usage
    connection, domains = await queries.get(request.context, usage, request.org_id, connection_id)
    return ConnectionAnswer(connection_view(connection, domains=domains))


@delete("/{connection_id:str}", summary="Remove a connection", responses=problems(501))
async def delete_connection(request: ApiRequest, connection_id: FromPath[str]) -> None:
    """Revoke it at the provider, if that is possible, and erase it here in any case.

    The domains that use it stay, without a connection, and so do the records that were written with it.
    """
    services = request.services
    # What it has begun is carried on with the rights of dcvd itself, whatever becomes of the caller's.
    context = services.context.for_caller(request.auth)
    await disconnect(context, services.access, request.org_id, connection_id, actor=request.actor)


ROUTER: Final = Router(
    "/oauth/connections",
    route_handlers=[create_connection, list_connections, get_connection, delete_connection],
    opt={"subject": "connections"},
    tags=["Connections"],
)
