"""`/alerts/refuse` and `/alerts/allow`: the pages by which whoever has an address ends the questions to it.

As with the other links in mails, to open one changes nothing: the button does.
"""

from typing import Final

from litestar import get, post
from litestar.response import Template

from dcvd.core.sentences.sentence import say
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.alerts import refused_questions
from dcvd.services.alerts.refused_questions import QuestionedAddress
from dcvd.web.alerts.contact_links import TokenParameter, refuse_link
from dcvd.web.pages.message import build_message, show_message


@get(["/refuse", "/allow"])
async def show_page(request: ApiRequest, token: TokenParameter = None) -> Template:
    """Show whether the address is asked, with a button for the opposite."""
    return _show(request, await refused_questions.find(request.context, token or ""), token or "")


@post("/refuse", status_code=200)
async def refuse_questions(request: ApiRequest, token: TokenParameter = None) -> Template:
    """End the questions."""
    return _show(request, await refused_questions.refuse(request.context, token or ""), token or "")


@post("/allow", status_code=200)
async def allow_questions(request: ApiRequest, token: TokenParameter = None) -> Template:
    """Allow questions again."""
    return _show(request, await refused_questions.allow(request.context, token or ""), token or "")


def _show(request: ApiRequest, known: QuestionedAddress | None, token: str) -> Template:
    if known is None:
        return refuse_link(request)
    if known.is_refused:
        message = build_message(
            "message_questions_ended",
            say("message_questions_ended_explained", address=known.address),
            button="message_questions_allow",
            action=f"allow?token={token}",
        )
    else:
        message = build_message(
            "message_questions_end_question",
            say("message_questions_asked", address=known.address),
            button="message_questions_end",
            action=f"refuse?token={token}",
        )
    return show_message(request, message)


ROUTER: Final = Router(
    "/alerts", route_handlers=[show_page, refuse_questions, allow_questions], include_in_schema=False
)
