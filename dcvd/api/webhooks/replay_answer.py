"""The answers to a request to send many events again."""

from litestar import Response
from msgspec import Struct

from dcvd.api.jobs.view import JobView, job_view
from dcvd.services.webhooks.replay_job import RequestedReplay


class ReplayAnswer(Struct, frozen=True):
    """How many deliveries are sent again, and the job that makes them due; null after a dry run."""

    job: JobView | None
    count: int


def replay_response(requested: RequestedReplay) -> Response[ReplayAnswer]:
    """Build the answer: 202 with the job that was started, or 200 with the count alone."""
    replay, job = requested.replay, requested.job
    if job is None:
        return Response(ReplayAnswer(None, replay.total), status_code=200)
    headers = {"Location": f"/api/jobs/{job.id}"}
    return Response(ReplayAnswer(job_view(job), replay.total), status_code=202, headers=headers)
