"""`/domain-connect/done`: where customers come back to from their DNS provider, unless another page was named.

It needs no token and proves nothing. It is not in the published schema, because only browsers that are sent there
call it.
"""

from http import HTTPStatus
from typing import Annotated, Any, Final, assert_never

from litestar import Response, Router, get
from litestar.params import QueryParameter

from dcvd.core.records.domain_connect import RETURN_PATH, ApplyOutcome, read_outcome
from dcvd.http.request import ApiRequest
from dcvd.services.records import domain_connect
from dcvd.web.pages.message import Message, build_message, show_message
from dcvd.web.returns.return_cookie import FORGET_RETURN, read_return_path

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
) -> Response[Any]:
    """Show the outcome that the provider reports; if it reports success, the domain is checked soon.

    A browser that came from the page of a link is led back to it.
    """
    outcome = read_outcome(error, description)
    if outcome == "applied" and domain_id is not None and not request.is_head:
        await domain_connect.handle_return(request.context, domain_id, request.services.sync_limit.admit)
    link_path = read_return_path(request.headers.get("cookie"), domain_id)
    if outcome == "applied" and link_path is not None:
        headers = {"Location": link_path, "Set-Cookie": FORGET_RETURN}
        return Response(b"", status_code=HTTPStatus.SEE_OTHER, headers=headers, media_type="text/html")
    return show_message(_outcome_message(outcome))


def _outcome_message(result: ApplyOutcome) -> Message:
    match result:
        case "applied":
            return build_message(
                "Your DNS provider sets the record",
                "It can take some minutes until it can be seen everywhere; you need not wait for it here.",
                _CLOSE,
            )
        case "cancelled":
            return build_message("Nothing was changed", "You cancelled it at your DNS provider.", _CLOSE)
        case "denied":
            return build_message(
                "Nothing was changed",
                "Your DNS provider does not let you change this domain. Ask whoever manages it, or create the record by"
                " hand.",
                _CLOSE,
            )
        case "failed":
            return build_message(
                "Nothing was changed",
                "Your DNS provider could not do it. Try again later, or create the record by hand.",
                _CLOSE,
            )
        case _:
            assert_never(result)


ROUTER: Final = Router("/", route_handlers=[show_outcome], include_in_schema=False)
