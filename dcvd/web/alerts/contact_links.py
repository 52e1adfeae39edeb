"""`/alerts/confirm` and `/alerts/unsubscribe`: the pages behind the links in mails to contacts.

To open a link changes nothing, because programs that look for bad links open each of them: the button on the page does,
and so does the POST that mail programs send for one click (RFC 8058). The token in the URL is all that is needed. They
are not in the published schema, because only browsers and mail programs come here.
"""

from http import HTTPStatus
from typing import Annotated, Final

from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Template

from dcvd.core.alerts.contacts import ContactStatus, LinkAction
from dcvd.core.sentences.sentence import say
from dcvd.http.answers.problems import route_not_found
from dcvd.http.request import ApiRequest
from dcvd.http.router import Router
from dcvd.services.alerts import links
from dcvd.services.alerts.links import LinkedContact
from dcvd.web.pages.message import Message, build_message, show_message

TokenParameter = Annotated[str | None, QueryParameter(name="token")]


@get("/{action:str}")
async def show_page(request: ApiRequest, action: FromPath[str], token: TokenParameter = None) -> Template:
    """Show what the link is for, with a button; or that it has been done."""
    known = _parse_action(action)
    linked = await links.find(request.context, known, token or "")
    if linked is None:
        return refuse_link(request)
    if linked.contact.status is _status_after(known):
        return show_message(request, _done_message(known, linked))
    return show_message(request, _question_message(known, linked))


@post("/{action:str}", status_code=200)
async def follow_link(request: ApiRequest, action: FromPath[str], token: TokenParameter = None) -> Template:
    """Do what the link is for. The body, which says that it was one click, changes nothing."""
    known = _parse_action(action)
    linked = await links.follow(request.context, known, token or "")
    return refuse_link(request) if linked is None else show_message(request, _done_message(known, linked))


def _parse_action(text: str) -> LinkAction:
    if text not in set(LinkAction):
        raise route_not_found()
    return LinkAction(text)


def _status_after(action: LinkAction) -> ContactStatus:
    match action:
        case LinkAction.CONFIRM:
            return ContactStatus.ACTIVE
        case LinkAction.UNSUBSCRIBE:
            return ContactStatus.UNSUBSCRIBED


def _question_message(action: LinkAction, linked: LinkedContact) -> Message:
    names = {"organization": linked.organization, "address": linked.contact.address}
    match action:
        case LinkAction.CONFIRM:
            question = say("message_alerts_wanted", **names)
            return build_message("message_alerts_question", question, button="message_alerts_confirm")
        case LinkAction.UNSUBSCRIBE:
            question = say("message_alerts_sent", **names)
            return build_message("message_alerts_end_question", question, button="message_alerts_end")


def _done_message(action: LinkAction, linked: LinkedContact) -> Message:
    names = {"organization": linked.organization, "address": linked.contact.address}
    match action:
        case LinkAction.CONFIRM:
            return build_message(
                "message_alerts_begun", say("message_alerts_begun_explained", **names), say("message_alerts_begun_end")
            )
        case LinkAction.UNSUBSCRIBE:
            return build_message("message_alerts_ended", say("message_alerts_ended_explained", **names))


def refuse_link(request: ApiRequest) -> Template:
    """Answer a link that leads nowhere."""
    message = build_message("message_unchanged", say("message_alerts_refused"))
    return show_message(request, message, status=HTTPStatus.NOT_FOUND)


ROUTER: Final = Router("/alerts", route_handlers=[show_page, follow_link], include_in_schema=False)
