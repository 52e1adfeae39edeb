"""`/api/oauth/authorize` and `/api/oauth/exchange`: the start and the end of connecting by OAuth."""

from typing import Final

from litestar import Response, Router, post
from litestar.params import JSONBody
from msgspec import UNSET, Struct, UnsetType

from dcvd.api.connections.view import ConnectionAnswer, connection_view
from dcvd.api.http.documentation import problems
from dcvd.api.http.instants import Instant
from dcvd.api.http.request import ApiRequest
from dcvd.core.connections.connection import Provider
from dcvd.core.instants import to_rfc3339
from dcvd.core.secret import Secret
from dcvd.errors import InvalidInput
from dcvd.services.connections import code_exchange
from dcvd.services.connections.consents import request_consent


class NewAuthorization(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which provider to connect, and where its answer goes.

    `redirectUri`: if it is absent, the first that the operator configured.
    `returnTo` is for a redirect URI of dcvd's own: where the browser is sent at the end, with `state`. Check that this
    is the `state` in the user's session: if it is not, somebody else may have sent them there.
    `domainName`: the hostname, for a provider where customers consent for one name (Domain Connect).
    """

    provider: Provider
    redirect_uri: str | None = None
    return_to: str | None = None
    domain_name: str | None = None


class AuthorizationAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where to send the customer's browser. `state` comes back with the answer, and is valid until `expiresAt`."""

    authorization_url: str
    state: str
    expires_at: Instant


class NewExchange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The parameters of the provider's answer, as they came to `redirectUri`; `iss` if there was one."""

    provider: Provider
    code: str
    redirect_uri: str
    state: str | UnsetType = UNSET
    iss: str | None = None


@post(
    "/authorize",
    summary="Begin to connect",
    status_code=200,
    responses=problems(404, 409, 501, 502),
)
async def begin_authorization(request: ApiRequest, data: JSONBody[NewAuthorization]) -> AuthorizationAnswer:
    """Send the customer's browser to `authorizationUrl`, where they consent. Each state is good for one answer."""
    services = request.services
    authorization = await request_consent(
        request.context,
        services.access.token_client,
        services.observer.zones,
        request.org_id,
        request.auth.id,
        data.provider,
        domain_name=data.domain_name,
        redirect_uri=data.redirect_uri,
        return_to=data.return_to,
        admit=services.diagnoser.admit,
    )
    return AuthorizationAnswer(
        authorization_url=authorization.url,
        state=authorization.state.reveal(),
        expires_at=to_rfc3339(authorization.expires_at),
    )


@post(
    "/exchange",
    summary="Connect with the answer",
    status_code=201,
    responses=problems(409, 501, 502),
)
async def exchange_code(request: ApiRequest, data: JSONBody[NewExchange]) -> Response[ConnectionAnswer]:
    """Connect with an answer that came to your own page.

    Call it with the same token as `POST /api/oauth/authorize`. After a failure, begin again there.
    """
    if data.state is UNSET or not data.state:
        raise InvalidInput(
            "state",
            "state is missing: begin with POST /api/oauth/authorize, and send the state that comes back with the code.",
            code="state_missing",
        )
    if not data.code:
        raise InvalidInput("code", "code is empty; send the code that came to the redirect URI.")
    connection = await code_exchange.connect_for_tenant(
        request.context,
        request.services.access,
        request.org_id,
        request.auth.id,
        data.provider,
        code=Secret(data.code),
        state=data.state,
        redirect_uri=data.redirect_uri,
        issuer=data.iss,
    )
    location = {"Location": f"/api/oauth/connections/{connection.id}"}
    return Response(ConnectionAnswer(connection_view(connection)), headers=location)


ROUTER: Final = Router(
    "/oauth", route_handlers=[begin_authorization, exchange_code], opt={"subject": "connections"}, tags=["Connections"]
)
