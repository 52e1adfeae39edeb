"""`/domain-connect/done`: where a customer comes back to from his DNS provider, who is expected nowhere else.

It needs no token and proves nothing. It is no part of the published schema, as nobody calls it on purpose.
"""

from typing import Annotated, Final, assert_never

from litestar import Response, Router, get
from litestar.params import QueryParameter

from dcvd.api.http.pages import HEADERS, page
from dcvd.api.http.request import ApiRequest
from dcvd.core.records.domain_connect import DONE_PATH, Outcome, outcome
from dcvd.services.records import domain_connect

_CLOSE: Final = "You can close this window."

State = Annotated[str | None, QueryParameter(name="state")]
Error = Annotated[str | None, QueryParameter(name="error")]
Description = Annotated[str | None, QueryParameter(name="error_description")]


@get(DONE_PATH)
async def show_end(
    request: ApiRequest, domain_id: State = None, error: Error = None, description: Description = None
) -> Response[bytes]:
    """What became of it, as the provider says; the domain is looked at soon where it says that all went well."""
    became = outcome(error, description)
    if became == "applied" and domain_id is not None and not request.is_head:
        await domain_connect.came_back(request.context, domain_id, request.parts.syncs.admitted)
    return Response(_text(became).encode(), headers=HEADERS, media_type="text/html")


def _text(became: Outcome) -> str:
    match became:
        case "applied":
            return page(
                "Your DNS provider sets the record",
                "It can take some minutes until it can be seen everywhere; you need not wait for it here.",
                _CLOSE,
            )
        case "cancelled":
            return page("Nothing was changed", "You cancelled it at your DNS provider.", _CLOSE)
        case "denied":
            return page(
                "Nothing was changed",
                "Your DNS provider does not let you change this domain. Ask whoever manages it, or create the record by"
                " hand.",
                _CLOSE,
            )
        case "failed":
            return page(
                "Nothing was changed",
                "Your DNS provider could not do it. Try again later, or create the record by hand.",
                _CLOSE,
            )
        case _:
            assert_never(became)


ROUTER: Final = Router("/", route_handlers=[show_end], include_in_schema=False)
