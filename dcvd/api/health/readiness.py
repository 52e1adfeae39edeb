"""`/ready`: whether each part of the daemon works."""

from http import HTTPStatus

from litestar import Response, get
from msgspec import Struct

from dcvd.api.http.documentation import success
from dcvd.api.http.request import ApiRequest
from dcvd.services.readiness import PartStatus


class ReadyAnswer(Struct, frozen=True):
    """The status of the daemon, and of each of its parts: `failing` where any of them does not work."""

    status: PartStatus
    parts: dict[str, PartStatus]


@get(
    "/ready",
    summary="Does all of it work?",
    tags=["Health"],
    security=[{}],
    responses=success(503, ReadyAnswer, "A part does not work; `parts` says which."),
)
async def get_readiness(request: ApiRequest) -> Response[ReadyAnswer]:
    """Say which parts work: the `store` (a write), Cloudflare's API token (`cloudflare`), and the DNS `resolvers`.

    This needs no authentication. The answer may be some seconds old, and has no details: those are in the log.
    """
    parts = dict(await request.services.readiness.check())
    is_ready = all(status is PartStatus.OK for status in parts.values())
    answer = ReadyAnswer(status=PartStatus.OK if is_ready else PartStatus.FAILING, parts=parts)
    return Response(answer, status_code=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)
