"""What tells an open page of the dashboard of changes."""

from typing import Any

from litestar import Response, get

from dcvd.http.access.authentication import UNATTENDED
from dcvd.http.request import ApiRequest
from dcvd.store.engine.transactions import Topic
from dcvd.web.dashboard.navigation import Opt
from dcvd.web.pages.live import answer_changes


def get_changes(path: str, opt: Opt | None = None) -> get:
    """Decorate a handler that tells an open page of changes.

    Browsers ask for it again by themselves, as often as the stream breaks off: nobody uses their session by that.
    """
    return get(path, opt={**(opt or {}), UNATTENDED: True})


def answer_list_changes(request: ApiRequest, topic: Topic) -> Response[Any]:
    """Tell an open page of each change of a list of the organization."""
    return answer_changes(request, topic, request.org_id)
