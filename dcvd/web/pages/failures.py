"""The answer to a failure where a person looks: a page that says what happened and what to do."""

from http import HTTPStatus
from typing import Any, Final

from litestar import Request
from litestar.plugins.htmx import HTMXDetails
from litestar.response import Template

from dcvd.core.branding.branding import Branding
from dcvd.core.sentences.rendering import Language
from dcvd.core.sentences.wording import SaidText, put_into_words
from dcvd.core.text import shorten
from dcvd.errors import DcvdError
from dcvd.http.answers.problems import MAX_SENTENCE_LENGTH, REQUEST_ID, report_failure
from dcvd.http.request import ApiRequest
from dcvd.web.pages.page import PageLook, choose_page_language, render_page

LOOK: Final = "dcvd.page_look"
"""The key in the scope's state of the `PageLook`, once it is known."""
_KEPT_HEADERS: Final = frozenset({"Retry-After", "Allow"})


def show_failure(request: Request[Any, Any, Any], error: Exception) -> Template:
    """Answer an exception with a page, or with a part for an open one; Litestar calls this for those of pages.

    Status and log line are as for any.
    """
    assert isinstance(request, ApiRequest)
    response = report_failure(request.scope, error)
    problem = response.problem
    look: PageLook = request.scope["state"].get(LOOK) or PageLook(choose_page_language(request, Branding()))
    return render_page(
        "failure_message.html" if HTMXDetails(request) else "failure.html",
        look,
        {
            "code": problem.code,
            "said": _put_into_words(error, problem.status, look.language),
            "request_id": request.scope["state"][REQUEST_ID],
            "is_retry_worthwhile": problem.status >= HTTPStatus.TOO_MANY_REQUESTS,
            "back": look.home,
        },
        status=HTTPStatus(problem.status),
        has_scripts=look.parent_origin is not None,
        headers={name: value for name, value in response.headers.items() if name in _KEPT_HEADERS},
    )


def _put_into_words(error: Exception, status: int, language: Language) -> SaidText | None:
    """Return what an error says; None where it is dcvd's own failure, which is nobody's business here."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or not isinstance(error, DcvdError):
        return None
    said = put_into_words(error, language)
    return SaidText(shorten(said.text, MAX_SENTENCE_LENGTH), said.language)
