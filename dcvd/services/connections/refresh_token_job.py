"""The `refresh_token` job: refresh a connection's tokens in time, although nobody uses it at the moment."""

from typing import Final

import structlog

from dcvd.core.jobs import JobKind, NoPayload
from dcvd.errors import NotConfigured, NotFound, Retryable, Unauthorized
from dcvd.services.connections import reauth
from dcvd.services.connections.token_refresher import OUTAGES
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import Awaited, JobDefinition, JobLimits, JobRun

log = structlog.get_logger(__name__)

REFRESH_TOKEN: Final = JobKind("refresh_token", NoPayload)


async def perform(run: JobRun[NoPayload]) -> None:
    """Refresh the connection if that is still due."""
    job = run.job
    if job.connection_id is not None:
        try:
            await run.services.access.refresh_if_due(job.org_id, job.connection_id)
        except NotFound:
            log.info("job.connection_gone", job_id=job.id, connection_id=job.connection_id)
        except NotConfigured as error:
            raise Retryable(error.message, code=error.code) from error
        except Unauthorized as error:
            if error.code != reauth.REAUTH_REQUIRED:
                raise
            # The connection's owner was informed, and only they can help.
            log.info("job.connection_refused", job_id=job.id, connection_id=job.connection_id)
    await queue.complete(run.context, job)


DEFINITION: Final = JobDefinition(
    kind=REFRESH_TOKEN,
    perform=perform,
    # Last, and few at once of one organization: refreshes are due well before a token ends.
    rank=60,
    limits=JobLimits(share=1 / 2, share_per_org=1 / 4, awaited=Awaited.CUSTOMERS),
    outages=OUTAGES,
)
