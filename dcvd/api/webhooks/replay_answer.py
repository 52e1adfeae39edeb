"""What is answered when much is to be sent again."""

from litestar import Response
from msgspec import Struct

from dcvd.api.jobs.view import JobView, job_view
from dcvd.core.jobs import Job
from dcvd.core.webhooks.replays import Replay


class ReplayAnswer(Struct, frozen=True):
    """How many deliveries, and the job that makes them due; null where it was only to be counted."""

    job: JobView | None
    count: int


def accepted_response(job: Job, replay: Replay) -> Response[ReplayAnswer]:
    """It will be done."""
    headers = {"Location": f"/api/jobs/{job.id}"}
    return Response(ReplayAnswer(job_view(job), replay.total), status_code=202, headers=headers)


def count_response(replay: Replay) -> Response[ReplayAnswer]:
    """Nothing was done."""
    return Response(ReplayAnswer(None, replay.total), status_code=200)
