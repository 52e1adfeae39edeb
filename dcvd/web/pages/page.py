"""Answers that are pages: rendered from a template, with what a browser may do with them."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from secrets import token_urlsafe
from typing import Any, Final

from litestar.response import Template
from markupsafe import Markup, escape
from msgspec import Struct

from dcvd.core.branding.branding import Branding
from dcvd.core.branding.palette import build_palettes
from dcvd.core.sentences.languages import DEFAULT_LANGUAGE, choose_language
from dcvd.core.sentences.rendering import CATALOGUE, Language, render, render_in_parts
from dcvd.core.sentences.sentence import RECORD_ID, Param, Sentence, say
from dcvd.core.sentences.wording import SaidText, put_into_words
from dcvd.errors import DcvdError
from dcvd.http.languages import read_language
from dcvd.http.request import ApiRequest
from dcvd.web.pages.engine import mark_sentence
from dcvd.web.pages.times import show_time

NO_FRAMES: Final = ("'none'",)
_WHEN: Final = "⟦when⟧"
_HTML: Final = "text/html"


class Words:
    """The words of a page in its language, which templates call as `t`."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, sentence_id: str, /, **params: Param) -> str:
        """Return a sentence of the catalogue. Raises KeyError for one that is not there."""
        return render((say(sentence_id, **params),), self.language)

    def mark(self, sentences: Iterable[Sentence]) -> Markup:
        """Return sentences in which code and instants are marked, and what was recorded in English as English."""
        pieces = render_in_parts(sentences, self.language, self._mark_record)
        return Markup("").join(piece if isinstance(piece, Markup) else mark_sentence(piece) for piece in pieces)

    def _mark_record(self, sentence: Sentence) -> Markup | None:
        if sentence.id != RECORD_ID or self.language == DEFAULT_LANGUAGE:
            return None
        return Markup('<span lang="en">{}</span>').format(mark_sentence(str(sentence.params["text"])))

    def explain(self, error: DcvdError) -> SaidText:
        """Return what an error says, in the language of the page where the catalogue has it."""
        return put_into_words(error, self.language)

    def timed(self, sentence_id: str, instant: int) -> Markup:
        """Return a sentence in which `when` is an instant, which the reader's browser shows in its own zone."""
        before, _, after = self(sentence_id, when=_WHEN).partition(_WHEN)
        return escape(before) + show_time(instant) + escape(after)


class PageLook(Struct, frozen=True):
    """In which language and in whose colours a page is shown, and who may frame it (CSP `frame-ancestors`).

    is_embedded: whether it was asked for in a frame. parent_origin: the site around it that is told what happens.
    home: where a page of a failure leads back to; None where there is no such place.
    """

    language: Language
    branding: Branding = Branding()
    organization: str = ""
    frame_ancestors: Sequence[str] = NO_FRAMES
    is_embedded: bool = False
    parent_origin: str | None = None
    home: str | None = None


def choose_page_language(request: ApiRequest, branding: Branding) -> Language:
    """Return the language of a page: the one that was asked for by `?lang=`, the organization's, or the browser's."""
    asked = request.query_params.get("lang")
    if asked in CATALOGUE:
        return choose_language(asked)
    return read_language(request) if branding.language is None else choose_language(branding.language)


def render_page(
    name: str,
    look: PageLook,
    context: Mapping[str, Any],
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    has_scripts: bool = True,
) -> Template:
    """Render a whole page, or a part of one, from the template of this name."""
    nonce = token_urlsafe(16)
    light, dark = build_palettes(look.branding.primary_color, look.branding.background_color)
    words = Words(look.language)
    return Template(
        template_name=name,
        context={
            "t": words,
            "timed": words.timed,
            "mark": words.mark,
            "language": look.language,
            "languages": tuple(CATALOGUE),
            "branding": look.branding,
            "organization": look.branding.name or look.organization,
            "light": light,
            "dark": dark,
            "nonce": nonce,
            "has_scripts": has_scripts,
            "is_embedded": look.is_embedded,
            "parent_origin": look.parent_origin,
            **context,
        },
        status_code=status,
        media_type=_HTML,
        headers={
            "Content-Security-Policy": _build_policy(nonce, look.frame_ancestors, has_scripts=has_scripts),
            "Content-Language": look.language,
            "Vary": "Accept-Language",
            **(headers or {}),
        },
    )


def _build_policy(nonce: str, frame_ancestors: Sequence[str], *, has_scripts: bool) -> str:
    """Return the policy of a page: files of ours alone, one style of the page's own, no inline scripts or attributes.

    Strings become HTML by the one policy of Trusted Types that our script makes; they never become scripts.
    """
    scripts = (
        ("script-src 'self'", "connect-src 'self'", "trusted-types default") if has_scripts else ("trusted-types",)
    )
    return "; ".join(
        (
            "default-src 'none'",
            *scripts,
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            f"frame-ancestors {' '.join(frame_ancestors)}",
            "require-trusted-types-for 'script'",
        )
    )
