"""A page that says one thing, perhaps with a button."""

from http import HTTPStatus

from litestar.response import Template
from msgspec import Struct

from dcvd.web.pages.page import PageLook, render_page


class Message(Struct, frozen=True, kw_only=True):
    """What the page says, in English.

    button: its words; it sends `action`, a relative URL or the page's own, by POST.
    """

    title: str
    paragraphs: tuple[str, ...]
    button: str = ""
    action: str = ""


def build_message(title: str, *paragraphs: str, button: str = "", action: str = "") -> Message:
    """Build a message of paragraphs; see `Message` for its button."""
    return Message(title=title, paragraphs=paragraphs, button=button, action=action)


def show_message(message: Message, *, status: HTTPStatus = HTTPStatus.OK) -> Template:
    """Answer with the page."""
    return render_page(
        "message.html",
        PageLook("en"),
        {
            "title": message.title,
            "paragraphs": message.paragraphs,
            "button": message.button,
            "action": message.action,
        },
        status=status,
        has_scripts=False,
    )
