"""`/domain-connect/done`: where customers come back to from their DNS provider, unless another page was named.

It needs no token and proves nothing. It is not in the published schema, because only browsers that are sent there
call it.
"""

from typing import Annotated, Final, assert_never

from litestar import Response, Router, get
from litestar.params import QueryParameter

from dcvd.core.records.domain_connect import RETURN_PATH, ApplyOutcome, read_outcome
from dcvd.http.answers.pages import HEADERS, html_page
from dcvd.http.request import ApiRequest
from dcvd.services.records import domain_connect

_CLOSE: Final = "You can close this window."

StateParameter = Annotated[str | None, QueryParameter(name="state")]
ErrorParameter = Annotated[str | None, QueryParameter(name="error")]
DescriptionParameter = Annotated[str | None, QueryParameter(name="error_description")]


@get(RETURN_PATH)
async def show_outcome(
    request: ApiRequest,
    domain_id: StateParameter = None,
    error: ErrorParameter = None,
    description: DescriptionParameter = None,
) -> Response[bytes]:
    """Show the outcome that the provider reports; if it reports success, the domain is checked soon."""
    outcome = read_outcome(error, description)
    if outcome == "applied" and domain_id is not None and not request.is_head:
        await domain_connect.handle_return(request.context, domain_id, request.services.sync_limit.admit)
    return Response(_outcome_page(outcome).encode(), headers=HEADERS, media_type="text/html")


def _outcome_page(result: ApplyOutcome) -> str:
    match result:
        case "applied":
            return html_page(
                "Your DNS provider sets the record",
                "It can take some minutes until it can be seen everywhere; you need not wait for it here.",
                _CLOSE,
            )
        case "cancelled":
            return html_page("Nothing was changed", "You cancelled it at your DNS provider.", _CLOSE)
        case "denied":
            return html_page(
                "Nothing was changed",
                "Your DNS provider does not let you change this domain. Ask whoever manages it, or create the record by"
                " hand.",
                _CLOSE,
            )
        case "failed":
            return html_page(
                "Nothing was changed",
                "Your DNS provider could not do it. Try again later, or create the record by hand.",
                _CLOSE,
            )
        case _:
            assert_never(result)


ROUTER: Final = Router("/", route_handlers=[show_outcome], include_in_schema=False)
