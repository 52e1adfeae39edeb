"""`/alerts/confirm` and `/alerts/unsubscribe`: the pages behind the links in mails to contacts.

To open a link changes nothing, because programs that look for bad links open each of them: the button on the page does,
and so does the POST that mail programs send for one click (RFC 8058). The token in the URL is all that is needed. They
are not in the published schema, because only browsers and mail programs come here.
"""

from http import HTTPStatus
from typing import Annotated, Final

from litestar import Router, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Template

from dcvd.core.alerts.contacts import ContactStatus, LinkAction
from dcvd.http.answers.problems import route_not_found
from dcvd.http.request import ApiRequest
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
        return refuse_link()
    if linked.contact.status is _status_after(known):
        return show_message(_done_message(known, linked))
    return show_message(_question_message(known, linked))


@post("/{action:str}", status_code=200)
async def follow_link(request: ApiRequest, action: FromPath[str], token: TokenParameter = None) -> Template:
    """Do what the link is for. The body, which says that it was one click, changes nothing."""
    known = _parse_action(action)
    linked = await links.follow(request.context, known, token or "")
    return refuse_link() if linked is None else show_message(_done_message(known, linked))


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
    name, address = linked.organization, linked.contact.address
    match action:
        case LinkAction.CONFIRM:
            text = f"{name} wants to tell {address} when something goes wrong with its custom domains."
            return build_message("Do you want these alerts?", text, button="Yes, send me alerts")
        case LinkAction.UNSUBSCRIBE:
            text = f"{name} tells {address} when something goes wrong with its custom domains."
            return build_message("No more alerts?", text, button="Send me no more alerts")


def _done_message(action: LinkAction, linked: LinkedContact) -> Message:
    name, address = linked.organization, linked.contact.address
    match action:
        case LinkAction.CONFIRM:
            return build_message(
                "You get alerts",
                f"From now on {address} is told when something goes wrong with the custom domains of {name}.",
                "Each mail has a link by which you can end them. You can close this window.",
            )
        case LinkAction.UNSUBSCRIBE:
            return build_message(
                "You get no more alerts",
                f"{address} gets no more alerts of {name}. You can close this window.",
            )


def refuse_link() -> Template:
    """Answer a link that leads nowhere."""
    text = (
        "This link is not complete, was replaced by a later one, or is too old. Ask whoever wants to send you alerts."
    )
    return show_message(build_message("Nothing was changed", text), status=HTTPStatus.NOT_FOUND)


ROUTER: Final = Router("/alerts", route_handlers=[show_page, follow_link], include_in_schema=False)
