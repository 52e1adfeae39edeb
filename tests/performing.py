"""One attempt at a job, as the worker makes it."""

from typing import cast

from dcvd.core.jobs import Job
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import RemoteError
from dcvd.jobs.definitions import JOB_DEFINITIONS
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import JobServices

BY_NAME = {definition.kind.name: definition for definition in JOB_DEFINITIONS}
_NO_CLOUDFLARE = cast(CloudflareClient, None)


async def perform(
    context: Context, access: ProviderAccess, job: Job, cloudflare: CloudflareClient = _NO_CLOUDFLARE
) -> None:
    """An attempt; it raises what made it fail."""
    await BY_NAME[job.kind].run(JobServices(context, cloudflare, access), job)


async def attempt(
    context: Context, access: ProviderAccess, job: Job, cloudflare: CloudflareClient = _NO_CLOUDFLARE
) -> None:
    """An attempt whose failure is stored."""
    definition = BY_NAME[job.kind]
    try:
        await perform(context, access, job, cloudflare)
    except RemoteError as error:
        await queue.fail(context, job, error, definition.outages, definition.record_death)
