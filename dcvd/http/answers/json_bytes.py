"""Answers whose JSON is written already."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from litestar import MediaType, Request, Response
from litestar.response.base import ASGIResponse
from msgspec import Struct

OFFERED_ANSWER: Final = "dcvd.offered_answer"
"""The key in the scope's state of an `OfferedAnswer`, where there is one."""
_MEDIA_TYPE: Final = MediaType.JSON.value


class OfferedAnswer(Struct, frozen=True):
    """What was answered to a request that only reads. is_current: whether the same caller would be told the same now.

    Then it may be sent again, with the headers that every answer has, without the route being asked.
    """

    fields: Sequence[tuple[bytes, bytes]]
    body: bytes
    is_current: Callable[[], bool]


class JsonBytes(Response[Any]):
    """Answers with JSON as it is; a handler's return type says of what.

    Of what Litestar does for each answer, this does what such a one needs: it has no cookies, and nothing to encode.
    """

    def __init__(
        self, body: bytes, headers: Mapping[str, str] = {}, is_current: Callable[[], bool] | None = None
    ) -> None:
        """is_current: as `OfferedAnswer` has it; None where the answer is not offered."""
        super().__init__(body, media_type=_MEDIA_TYPE, headers=headers)
        self.is_current = is_current

    def to_asgi_response(
        self,
        app: object,  # noqa: ARG002  # Litestar's signature
        request: Request[Any, Any, Any],
        *,
        status_code: int | None = None,
        **_: object,
    ) -> ASGIResponse:
        """Build what is sent, with the status of the route."""
        response = ASGIResponse(
            body=self.content, headers=self.headers, media_type=_MEDIA_TYPE, status_code=status_code
        )
        if self.is_current is not None:
            offered = OfferedAnswer(tuple(response.encode_headers()), response.body, self.is_current)
            request.scope["state"][OFFERED_ANSWER] = offered
        return response
