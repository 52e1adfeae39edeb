"""`/connect/{link}/…`: have the DNS provider create the records, by its consent page or through a connection."""

from typing import Any, Final

import structlog
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Template
from msgspec import Struct

from dcvd.core.sentences.sentence import Sentence
from dcvd.core.sentences.wording import word
from dcvd.errors import Conflict, NotConfigured, NotFound, RemoteError, Retryable
from dcvd.http.answers.provider_names import name_provider
from dcvd.http.forms import read_form
from dcvd.http.request import ApiRequest
from dcvd.services.connections.consents import gives_consent_for_one_name, request_consent
from dcvd.services.domain_setup import DomainSetup, list_consent_providers, read_setup
from dcvd.services.records import domain_connect
from dcvd.services.records.plans import RecordRequest
from dcvd.web.connect.visit import Visit, open_visit
from dcvd.web.domains.planned_changes import list_changes
from dcvd.web.returns.return_cookie import build_return_cookie

log = structlog.get_logger(__name__)


class Way(Struct, frozen=True):
    """A way to have the records created: what its button does, who does it, and what the form says of that."""

    action: str
    provider: str | Sentence
    choice: str = ""


@get("/{link_token:str}/ways")
async def list_ways(request: ApiRequest, link_token: FromPath[str]) -> Template:
    """Show by which ways somebody else can create the records; that may take a query to the provider."""
    visit = await open_visit(request, link_token)
    setup = await read_setup(request.context, request.org_id, visit.domain_id)
    return visit.show("ways", {"ways": await _find_ways(request, setup)})


async def _find_ways(request: ApiRequest, setup: DomainSetup) -> list[Way]:
    if setup.connection is not None:
        return [Way("plan", name_provider(setup.connection.provider))]
    consents = list_consent_providers(request.services.access.token_client, setup.provider)
    if consents:
        return [Way("authorize", name_provider(each), each.value) for each in consents]
    try:
        applying = await _build_apply_url(request, setup.domain.id)
    except (NotConfigured, NotFound, Conflict, Retryable, RemoteError) as error:
        log.debug("connect.no_domain_connect", domain_id=setup.domain.id, reason=error.message)
        return []
    return [Way("domain-connect", applying.provider_name)]


@post("/{link_token:str}/authorize", status_code=200)
async def authorize(request: ApiRequest, link_token: FromPath[str]) -> Response[Any]:
    """Begin an authorization at the provider, and show the way there."""
    visit = await open_visit(request, link_token)
    services = request.services
    setup = await read_setup(request.context, request.org_id, visit.domain_id)
    offered = list_consent_providers(services.access.token_client, setup.provider)
    chosen = (await read_form(request)).get("provider")
    provider = next((each for each in offered if each.value == chosen), None)
    if provider is None:
        raise NotFound(word("no_consent_here"), code="no_consent_here")
    is_for_one_name = gives_consent_for_one_name(request.context.config, provider)
    redirect = await request_consent(
        request.context,
        services.access.token_client,
        services.observer.zones,
        request.org_id,
        request.auth.id,
        provider,
        domain_name=setup.domain.name if is_for_one_name else None,
        redirect_uri=None,
        return_to=None,
        admit=services.diagnoser.admit,
    )
    return _leave(visit, redirect.url, redirect.state.reveal(), name_provider(provider))


@post("/{link_token:str}/domain-connect", status_code=200)
async def apply_template(request: ApiRequest, link_token: FromPath[str]) -> Response[Any]:
    """Show the way to the provider's page on which the customer confirms our template (Domain Connect)."""
    visit = await open_visit(request, link_token)
    applying = await _build_apply_url(request, visit.domain_id)
    return _leave(visit, applying.url, visit.domain_id, applying.provider_name)


@get("/{link_token:str}/plan")
async def show_plan_after_consent(request: ApiRequest, link_token: FromPath[str]) -> Template:
    """Show what would be written through the connection that was made by this link."""
    return await _show_plan(request, link_token)


@post("/{link_token:str}/plan", status_code=200)
async def show_plan(request: ApiRequest, link_token: FromPath[str]) -> Template:
    """Show the same to whoever presses the button."""
    return await _show_plan(request, link_token)


@post("/{link_token:str}/write", status_code=200)
async def write_records(request: ApiRequest, link_token: FromPath[str]) -> Response[Any]:
    """Start the job that writes the records as they were planned."""
    visit = await open_visit(request, link_token)
    replace = (await read_form(request)).get("replace") == "true"
    setup = await read_setup(request.context, request.org_id, visit.domain_id)
    connection_id = None if setup.connection is None else setup.connection.id
    await _record_request(request, visit).write(connection_id=connection_id, replace=replace, actor=request.actor)
    return visit.go_to()


async def _show_plan(request: ApiRequest, link_token: str) -> Template:
    visit = await open_visit(request, link_token)
    setup = await read_setup(request.context, request.org_id, visit.domain_id)
    if setup.connection is None:
        raise NotFound(word("connection_missing"), code="connection_missing")
    plan = await _record_request(request, visit).plan_write(connection_id=setup.connection.id, replace=True)
    return visit.show(
        "plan",
        {
            "provider": name_provider(setup.connection.provider),
            "changes": list_changes(plan, visit.look.language),
            "is_blocked": bool(plan.obstacles),
            "replace": bool(plan.replaceable),
        },
    )


def _record_request(request: ApiRequest, visit: Visit) -> RecordRequest:
    services = request.services
    return RecordRequest(request.context, services.access, services.dns_plan_limit, request.org_id, visit.domain_id)


async def _build_apply_url(request: ApiRequest, domain_id: str) -> domain_connect.ApplyUrl:
    services = request.services
    return await domain_connect.build_apply_url(
        request.context, services.discovery, services.diagnoser.admit, request.org_id, domain_id, redirect_uri=None
    )


def _leave(visit: Visit, url: str, state: str, provider: str | Sentence) -> Template:
    """Show a page that goes on to the provider: the policy of pages lets no form be answered with another site.

    The browser keeps the path of this page until it comes back with the state.
    """
    cookie = build_return_cookie(visit.base, state, is_secure=visit.request.context.config.server.is_https)
    return visit.show("leaving", {"url": url, "provider": provider}, headers={"Set-Cookie": cookie})


HANDLERS: Final[list[HTTPRouteHandler]] = [
    list_ways, authorize, apply_template, show_plan_after_consent, show_plan, write_records,
]  # fmt: skip
