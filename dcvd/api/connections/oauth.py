"""`/api/oauth/authorize` and `/api/oauth/exchange`."""

from contextlib import nullcontext
from typing import Final

from litestar import Response, Router, post
from litestar.params import JSONBody
from msgspec import UNSET, Struct, UnsetType

from dcvd.api.connections.view import ConnectionAnswer, connection_view
from dcvd.api.http.documentation import problems
from dcvd.api.http.parameters import Instant
from dcvd.api.http.request import ApiRequest
from dcvd.core.connections.connection import Provider
from dcvd.core.instants import to_rfc3339
from dcvd.core.secret import Secret
from dcvd.errors import InvalidInput
from dcvd.services.connections import authorizations, code_exchange, consent_parameters


class NewAuthorization(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """With whom, and where the answer is to go: `redirectUri` is the first that the operator configured unless given.

    `returnTo` goes with a redirect URI of dcvd's own: where the browser is sent at the end, with `state`. Compare it
    with what you keep in the user's session, or he may have been sent there by somebody else.
    `domainName`: the hostname, for a provider that gives its consent for one (Domain Connect).
    """

    provider: Provider
    redirect_uri: str | None = None
    return_to: str | None = None
    domain_name: str | None = None


class AuthorizationAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where to send the customer's browser. `state` comes back with the answer, which is good until `expiresAt`."""

    authorization_url: str
    state: str
    expires_at: Instant


class NewExchange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The parameters of the answer, as they came to `redirectUri`; `iss` where there is one."""

    provider: Provider
    code: str
    redirect_uri: str
    state: str | UnsetType = UNSET
    iss: str | None = None


@post(
    "/authorize",
    summary="Begin to connect",
    status_code=200,
    responses=problems(400, 403, 404, 409, 413, 415, 429, 502, 503),
)
async def authorize(request: ApiRequest, data: JSONBody[NewAuthorization]) -> AuthorizationAnswer:
    """Send the customer's browser to `authorizationUrl`, where he consents. Each state is good for one answer."""
    more = await _extra_parameters(request, data)
    begun = await authorizations.start_authorization(
        request.context,
        request.services.access.token_client,
        request.org_id,
        request.auth.id,
        data.provider,
        redirect_uri=data.redirect_uri,
        return_to=data.return_to,
        extra_parameters=more,
    )
    return AuthorizationAnswer(
        authorization_url=begun.url, state=begun.state.reveal(), expires_at=to_rfc3339(begun.expires_at)
    )


@post(
    "/exchange",
    summary="Connect with the answer",
    status_code=201,
    responses=problems(400, 403, 409, 413, 415, 502, 503),
)
async def exchange(request: ApiRequest, data: JSONBody[NewExchange]) -> Response[ConnectionAnswer]:
    """For answers that came to a page of your own, with the token that began it. What fails has to be begun again."""
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
        request.services.access.token_client,
        request.services.access.drivers,
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


async def _extra_parameters(request: ApiRequest, data: NewAuthorization) -> dict[str, str]:
    """With a name DNS is asked, which is bounded as diagnoses are."""
    parts = request.services
    admitted = nullcontext() if data.domain_name is None else parts.diagnoser.admit(request.org_id)
    with admitted:
        return await consent_parameters.find_consent_parameters(
            request.context, parts.observer.zones, data.provider, data.domain_name
        )


ROUTER: Final = Router("/oauth", route_handlers=[authorize, exchange], tags=["Connections"])
