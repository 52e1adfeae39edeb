"""A page that says one thing, perhaps with a button."""

from http import HTTPStatus

from litestar.response import Template
from msgspec import Struct

from dcvd.core.branding.branding import Branding
from dcvd.core.sentences.rendering import render
from dcvd.core.sentences.sentence import Sentence, say
from dcvd.http.request import ApiRequest
from dcvd.web.pages.page import PageLook, choose_page_language, render_page


class Message(Struct, frozen=True, kw_only=True):
    """What the page says.

    title, button: ids of the catalogue; the button sends `action`, a relative URL or the page's own, by POST.
    """

    title: str
    paragraphs: tuple[Sentence, ...]
    button: str | None = None
    action: str = ""


def build_message(title: str, *paragraphs: Sentence, button: str | None = None, action: str = "") -> Message:
    """Build a message of paragraphs; see `Message` for its title and its button."""
    return Message(title=title, paragraphs=paragraphs, button=button, action=action)


def show_message(request: ApiRequest, message: Message, *, status: HTTPStatus = HTTPStatus.OK) -> Template:
    """Answer with the page, in the language of the browser."""
    language = choose_page_language(request, Branding())
    return render_page(
        "message.html",
        PageLook(language),
        {
            "title": render((say(message.title),), language),
            "paragraphs": [render((paragraph,), language) for paragraph in message.paragraphs],
            "button": None if message.button is None else render((say(message.button),), language),
            "action": message.action,
        },
        status=status,
        has_scripts=False,
    )
