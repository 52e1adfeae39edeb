"""The answers to a request to send many events again."""

from litestar import Response

from dcvd.api.jobs.view import job_view
from dcvd.api.webhooks.replay_view import ReplayAnswer
from dcvd.http.request import ApiRequest
from dcvd.services.webhooks.replay_job import RequestedReplay


def replay_response(request: ApiRequest, requested: RequestedReplay) -> Response[ReplayAnswer]:
    """Build the answer: 202 with the job that was started, or 200 with the count alone."""
    replay, job = requested.replay, requested.job
    if job is None:
        return Response(ReplayAnswer(None, replay.total), status_code=200)
    headers = {"Location": f"{request.root}/jobs/{job.id}"}
    return Response(ReplayAnswer(job_view(job), replay.total), status_code=202, headers=headers)
