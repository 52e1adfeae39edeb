"""`/dashboard/connections/authorize`: connect by the consent page of a provider (OAuth)."""

from typing import Any, Final

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from dcvd.core.connections.connection import Provider
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services.connections.consents import request_consent
from dcvd.web.dashboard.visit import open_visit
from dcvd.web.returns.return_cookie import CONNECTIONS_PAGE, build_return_cookie


@post("/authorize", status_code=200)
async def begin_authorization(request: ApiRequest) -> Response[Any]:
    """Begin an authorization, and show the way to the provider, whose answer leads back to the page of connections."""
    visit, form, services = await open_visit(request), await read_form(request), request.services
    chosen = form.get("provider", "")
    if chosen not in set(Provider):
        raise InvalidInput("provider", word("provider_unknown", known=", ".join(Provider)))
    provider = Provider(chosen)
    redirect = await request_consent(
        request.context,
        services.access.token_client,
        services.observer.zones,
        request.org_id,
        request.auth.id,
        provider,
        domain_name=form.get("domainName") or None,
        redirect_uri=None,
        return_to=None,
        admit=services.diagnoser.admit,
    )
    is_secure = request.context.config.server.is_https
    cookie = build_return_cookie(CONNECTIONS_PAGE, redirect.state.reveal(), is_secure=is_secure)
    page = visit.show("connections/leaving", {"url": redirect.url, "provider": provider.value})
    page.headers["Set-Cookie"] = cookie
    return page


HANDLERS: Final[list[HTTPRouteHandler]] = [begin_authorization]
