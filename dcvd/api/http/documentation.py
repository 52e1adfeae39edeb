"""The OpenAPI document at `/schema`."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from litestar import Response, Router
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Operation, RequestBody, SecurityRequirement, SecurityScheme, Server

from dcvd import __version__
from dcvd.api.http.problem_view import Problem
from dcvd.api.http.problems import MEDIA_TYPE

BEARER: Final[list[SecurityRequirement]] = [{"bearer": []}]

_STATUS_MEANINGS: Final = {
    400: "A value in the request is wrong; `errors` names it.",
    401: "No valid bearer token.",
    403: "The token's role does not allow it.",
    404: "It does not exist, or it is another organization's.",
    409: "It conflicts with something that exists; `existingId` names that if it is yours.",
    410: "What is asked for was deleted at the end of its retention.",
    413: "The body is too large.",
    415: "The body is not plain JSON.",
    429: "You have reached a limit; `Retry-After` says when to ask again.",
    501: "The operator of this daemon has not set up what the call needs; the message names the setting.",
    502: "A provider refused, or its answer cannot be used.",
    503: "Something that the call needs is not available; `Retry-After` says when to ask again.",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Document the failures of a call; a missing token and a limit that is reached are always among them."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            media_type=MEDIA_TYPE,
            description=_STATUS_MEANINGS[status],
            generate_examples=False,
        )
        for status in sorted({401, 429, *statuses})
    }


def success(status: int, body: type[Any], meaning: str) -> dict[int, ResponseSpec]:
    """Document a success, with its body and what it means."""
    return {status: ResponseSpec(data_container=body, description=meaning, generate_examples=False)}


@dataclass
class BodyMayBeEmpty(Operation):
    """Documents the body as optional, for a handler with a default for `data`: Litestar says that it is required."""

    def __post_init__(self) -> None:
        assert isinstance(self.request_body, RequestBody), "only a handler with `data` has a body"
        self.request_body.required = False


def openapi_config(public_url: str) -> OpenAPIConfig:
    """Configure the OpenAPI document; `public_url` may be empty."""
    scheme = SecurityScheme(type="http", scheme="bearer", bearer_format="dcv_live_ and 32 hex digits")
    return OpenAPIConfig(
        title="dcvd",
        version=__version__,
        description="Custom domains: add them, diagnose their DNS, follow their certificates, get signed webhooks.",
        components=Components(security_schemes={"bearer": scheme}),
        servers=[Server(url=public_url or "/")],
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin(path=["/openapi.json", "/"], media_type=MediaType.JSON)],
        openapi_router=Router(
            "/schema", route_handlers=[], include_in_schema=False, after_request=_refuse_missing_page
        ),
    )


async def _refuse_missing_page(response: Response[Any]) -> Response[Any]:
    """Answer a missing page below `/schema` with a problem, where Litestar would answer an HTML page."""
    if response.status_code == HTTPStatus.NOT_FOUND:
        raise NotFoundException
    return response
