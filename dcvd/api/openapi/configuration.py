"""How Litestar derives the document, and what is served at `/schema`."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from litestar import Response
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Server, Tag

from dcvd import __version__
from dcvd.api.openapi.served import ROOT
from dcvd.http.router import Router

_PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
}
_TAGS: Final = {
    "Domains": "Customers' hostnames: add them, follow their certificates, and find out what is wrong with their DNS.",
    "Webhooks": "Endpoints, to which events are sent.",
    "Deliveries": "What was sent to an endpoint, what came of it, and what to send again.",
    "Events": "Every event in order, whether or not an endpoint was told.",
    "Connections": "Connections to customers' DNS providers, through which their records are written.",
    "Jobs": "Work in the background, at Cloudflare and at DNS providers.",
    "Zones": "Zones that are proved as a whole, with all names in them.",
    "Tokens": "Tokens for this API.",
    "Sessions": "Browsers that are signed in to the dashboard, each with one of your tokens.",
    "Links": "Short-lived rights by which your customers set up one domain each, and can do nothing else.",
    "Organization": "How your organization looks on the pages that its customers see.",
    "Members": "The people of your organization, by invitation.",
    "Alerts": "Addresses that are told by mail when something goes wrong.",
    "Audit": "Who changed what, when and from where.",
    "Service": "What everybody may know of this service.",
    "Health": "Whether the daemon is there.",
}


def openapi_config(public_url: str, render_plugins: Sequence[OpenAPIRenderPlugin]) -> OpenAPIConfig:
    """Configure the OpenAPI document; `public_url` may be empty."""
    scheme = SecurityScheme(
        type="http",
        scheme="bearer",
        bearer_format="dcv_live_ and 32 hex digits",
        description=(
            "A token of your organization: Authorization: Bearer dcv_live_…. Or the token of a link, dcv_link_…, for "
            "one domain: it is let to that domain, its diagnosis, checks and records, to connecting its DNS provider, "
            "and to GET /api/whoami; other calls are 403 link_not_allowed, other domains 404. By one with the purpose "
            "new a customer first asks about names and adds one."
        ),
    )
    return OpenAPIConfig(
        title="dcvd",
        version=__version__,
        description="Custom domains: add them, diagnose their DNS, follow their certificates, get signed webhooks.",
        components=Components(security_schemes={"bearer": scheme}),
        servers=[Server(url=public_url or "/")],
        tags=[Tag(name=name, description=text) for name, text in _TAGS.items()],
        use_handler_docstrings=True,
        operation_id_creator=_name_operation,
        render_plugins=render_plugins,
        openapi_router=Router(
            ROOT,
            route_handlers=[],
            include_in_schema=False,
            after_request=_finish_answer,
        ),
    )


def _name_operation(handler: HTTPRouteHandler, *_: object) -> str:
    """Name an operation as its handler is called: `create_domain` is `createDomain`."""
    first, *others = handler.handler_name.split("_")
    return first + "".join(word.capitalize() for word in others)


async def _finish_answer(response: Response[Any]) -> Response[Any]:
    """Answer a missing page below `/schema` with a problem, not Litestar's page; let the page load and run nothing."""
    if response.status_code == HTTPStatus.NOT_FOUND:
        raise NotFoundException
    if response.media_type == MediaType.HTML:
        response.headers.update(_PAGE_HEADERS)
    return response
