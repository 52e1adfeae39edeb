"""The answers to a request to send many events again."""

from litestar import Response
from msgspec import Struct

from dcvd.api.jobs.view import JobView, job_view
from dcvd.core.jobs import Job
from dcvd.core.webhooks.replays import Replay


class ReplayAnswer(Struct, frozen=True):
    """How many deliveries are sent again, and the job that makes them due; null after a dry run."""

    job: JobView | None
    count: int


def accepted_response(job: Job, replay: Replay) -> Response[ReplayAnswer]:
    """Build the answer to a replay that was started."""
    headers = {"Location": f"/api/jobs/{job.id}"}
    return Response(ReplayAnswer(job_view(job), replay.total), status_code=202, headers=headers)


def count_response(replay: Replay) -> Response[ReplayAnswer]:
    """Build the answer to a dry run, which only counts."""
    return Response(ReplayAnswer(None, replay.total), status_code=200)
