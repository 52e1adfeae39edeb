"""`/api/oauth/authorize` and `/api/oauth/exchange`: the start and the end of connecting by OAuth."""

import re
from collections.abc import Awaitable
from typing import Final

from litestar import Response, post
from litestar.params import JSONBody
from msgspec import UNSET, Struct, UnsetType

from dcvd.api.connections.view import ConnectionAnswer, connection_view
from dcvd.core.connections.connection import Provider
from dcvd.core.instants import to_rfc3339
from dcvd.core.secret import Secret
from dcvd.errors import InvalidInput
from dcvd.http.answers.instants import Instant
from dcvd.http.documentation import problems
from dcvd.http.idempotency import IdempotencyKey, answer_once
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.connections import code_exchange
from dcvd.services.connections.authorizations import AuthorizationRedirect
from dcvd.services.connections.consents import request_consent
from dcvd.services.context import Context

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
"""RFC 7636, section 4.1."""


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
    """The parameters of the provider's answer, as they came to `redirectUri`; `iss` if there was one.

    Without `state` it is the answer to an authorization request of your own, with its `codeVerifier` if it had one. The
    operator has to allow that (`oauth.allow_foreign_authorization`).
    """

    provider: Provider
    code: str
    redirect_uri: str
    state: str | UnsetType = UNSET
    code_verifier: str | None = None
    iss: str | None = None


@post(
    "/authorize",
    summary="Begin to connect",
    status_code=200,
    opt={"link": True},
    responses=problems(404, 409, 501, 502),
)
async def begin_authorization(
    request: ApiRequest, data: JSONBody[NewAuthorization], key: IdempotencyKey = None
) -> Response[AuthorizationAnswer]:
    """Send the customer's browser to `authorizationUrl`, where they consent. Each state is good for one answer."""
    services = request.services

    def begin(context: Context) -> Awaitable[AuthorizationRedirect]:
        return request_consent(
            context,
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

    def respond(authorization: AuthorizationRedirect) -> Response[AuthorizationAnswer]:
        return Response(
            AuthorizationAnswer(
                authorization_url=authorization.url,
                state=authorization.state.reveal(),
                expires_at=to_rfc3339(authorization.expires_at),
            )
        )

    return await answer_once(request, key, begin, respond)


@post(
    "/exchange",
    summary="Connect with the answer",
    status_code=201,
    opt={"link": True},
    responses=problems(409, 501, 502),
)
async def exchange_code(request: ApiRequest, data: JSONBody[NewExchange]) -> Response[ConnectionAnswer]:
    """Connect with an answer that came to your own page.

    Call it with the same token as `POST /api/oauth/authorize`. After a failure, begin again there.
    """
    if not data.code:
        raise InvalidInput("code", "code is empty; send the code that came to the redirect URI.")
    caller = request.context, request.services.access, request.org_id, request.auth.id
    code, uri, issuer = Secret(data.code), data.redirect_uri, data.iss
    if data.state is UNSET or not data.state:
        verifier = _read_verifier(data.code_verifier)
        connection = await code_exchange.connect_foreign(
            *caller, data.provider, code=code, redirect_uri=uri, verifier=verifier, issuer=issuer
        )
    elif data.code_verifier is not None:
        raise InvalidInput(
            "codeVerifier", "codeVerifier goes without a state: an authorization begun here has its own."
        )
    else:
        connection = await code_exchange.connect_for_tenant(
            *caller, data.provider, code=code, state=data.state, redirect_uri=uri, issuer=issuer
        )
    location = {"Location": f"{request.root}/oauth/connections/{connection.id}"}
    return Response(ConnectionAnswer(connection_view(connection)), headers=location)


def _read_verifier(text: str | None) -> Secret | None:
    if text is None:
        return None
    if _VERIFIER.fullmatch(text) is None:
        raise InvalidInput("codeVerifier", "codeVerifier is no verifier: 43 to 128 letters, digits, or any of -._~")
    return Secret(text)


ROUTER: Final = Router(
    "/oauth", route_handlers=[begin_authorization, exchange_code], opt={"subject": "connections"}, tags=["Connections"]
)
