"""`/ready`: whether each part of the daemon works."""

from http import HTTPStatus

from litestar import Response, get
from msgspec import Struct

from dcvd.http.documentation import success
from dcvd.http.request import ApiRequest
from dcvd.services.readiness import OverallStatus, PartStatus, judge_readiness


class ReadyAnswer(Struct, frozen=True):
    """The status of the daemon, and of each of its parts.

    `failing`: a part does not work that requests need. `degraded`: all requests are served, and some part does not
    work that nothing else waits for.
    """

    status: OverallStatus
    parts: dict[str, PartStatus]


@get(
    "/ready",
    summary="Does all of it work?",
    tags=["Health"],
    security=[{}],
    responses=success(503, ReadyAnswer, "A part does not work that requests need; `parts` says which."),
)
async def get_readiness(request: ApiRequest) -> Response[ReadyAnswer]:
    """Say which parts work. Requests need the `store` (a write), the zone at `cloudflare`, and the DNS `resolvers`.

    Where one of the others does not work, the status is `degraded`, and the answer 200: Cloudflare's API `token`, the
    machine's `clock`, the way of `webhooks`; checks (`sync`), `jobs` and `deliveries` that have been due for minutes
    and more; room on the `disk`, the age of the `backup`, and, where there is a mail server, `mail`.

    Likewise `heartbeat`, where one is set up, says whether the last one was sent: none is while a part that it stands
    for does not work.

    This needs no authentication. The answer may be some seconds old, and has no details: operators get those by
    `dcvd status`.
    """
    reports = await request.services.readiness.check()
    status = judge_readiness(reports)
    answer = ReadyAnswer(status=status, parts={part: report.status for part, report in reports.items()})
    is_failing = status is OverallStatus.FAILING
    return Response(answer, status_code=HTTPStatus.SERVICE_UNAVAILABLE if is_failing else HTTPStatus.OK)
