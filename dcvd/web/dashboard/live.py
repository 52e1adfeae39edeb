"""What tells an open page of the dashboard of changes."""

from typing import Any

from litestar import Response

from dcvd.http.request import ApiRequest
from dcvd.store.engine.transactions import Topic
from dcvd.web.pages.live import answer_changes


def answer_list_changes(request: ApiRequest, topic: Topic) -> Response[Any]:
    """Tell an open page of each change of a list of the organization."""
    return answer_page_changes(request, topic, request.org_id)


def answer_page_changes(request: ApiRequest, topic: Topic, key: str) -> Response[Any]:
    """Tell an open page of each change of what `topic` and `key` name."""
    assert request.auth.session_id is not None, "the guard lets in sessions alone"
    return answer_changes(request, topic, key, request.auth.session_id)
