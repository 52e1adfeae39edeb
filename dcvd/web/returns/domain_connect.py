"""`/domain-connect/done`: where customers come back to from their DNS provider, unless another page was named.

It needs no token and proves nothing. It is not in the published schema, because only browsers that are sent there
call it.
"""

from http import HTTPStatus
from typing import Annotated, Any, Final, assert_never

from litestar import Response, get
from litestar.params import QueryParameter

from dcvd.core.records.domain_connect import RETURN_PATH, ApplyOutcome, read_outcome
from dcvd.core.sentences.sentence import say
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.records import domain_connect
from dcvd.web.pages.message import Message, build_message, show_message
from dcvd.web.returns.return_cookie import FORGET_RETURN, read_return_path

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
    return show_message(request, _outcome_message(outcome))


def _outcome_message(result: ApplyOutcome) -> Message:
    close = say("message_close")
    match result:
        case "applied":
            return build_message("message_applied", say("message_applied_explained"), close)
        case "cancelled":
            return build_message("message_unchanged", say("message_cancelled"), close)
        case "denied":
            return build_message("message_unchanged", say("message_denied"), close)
        case "failed":
            return build_message("message_unchanged", say("message_provider_failed"), close)
        case _:
            assert_never(result)


ROUTER: Final = Router("/", route_handlers=[show_outcome], include_in_schema=False)
