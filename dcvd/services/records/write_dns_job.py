"""The `write_dns` job: write, undo or remove a domain's records at the customer's DNS provider."""

import asyncio
from typing import Final, assert_never

from dcvd.core.jobs import Outage
from dcvd.core.records.zones import DnsWrite
from dcvd.errors import NotConfigured, NotFound, Permanent, RecordConflict, Retryable, Unauthorized
from dcvd.providers.record_provider import RATE_LIMITED
from dcvd.services.connections.token_refresher import OUTAGES
from dcvd.services.jobs.definition import Awaited, JobDefinition, JobLimits, JobRun
from dcvd.services.jobs.dns_writes import WRITE_DNS, connection_removed_error
from dcvd.services.records import removals, writes

_TIMEOUT_S: Final = 240.0
"""Seconds for a whole try; each call of a driver has a shorter deadline of its own."""
_MAX_TRIES: Final = 3
"""Tries before giving up on a name that is not as it was read, or after our change not as it was written. The last two
have to find it so: one conflict after an outage says little."""

_PROVIDER_OUTAGES: Final = (Outage("provider_unavailable"), Outage(RATE_LIMITED))
"""The failures of a provider that say nothing about the records."""


async def perform(run: JobRun[DnsWrite]) -> None:
    """Do what the payload says. Raises RemoteError when this try failed, Permanent where another would too."""
    context, access, job = run.context, run.services.access, run.job
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            match run.payload.action:
                case "write":
                    await writes.write(context, access, job, replaceable=run.payload.replaceable)
                case "undo":
                    await removals.undo_write(context, access, job)
                case "remove":
                    await removals.remove(context, access, job)
                case _:
                    assert_never(run.payload.action)
    except TimeoutError as error:
        message = f"The DNS provider needs more than {_TIMEOUT_S:.0f} s for the records of {job.domain_name}."
        raise Retryable(f"{message} It is tried again.", code="provider_slow") from error
    except NotFound as error:
        raise connection_removed_error(job) from error
    except (Unauthorized, NotConfigured) as error:
        # The connection's owner, or the operator, has to act first, and can then retry the job.
        raise Permanent(error.message, code=error.code) from error
    except RecordConflict as error:
        if job.attempts + 1 < _MAX_TRIES or job.last_error_code != error.code:
            raise
        message = f"{error.message} Change the record at the provider by hand, or retry the job."
        raise Permanent(message, code=error.code) from error


DEFINITION: Final = JobDefinition(
    kind=WRITE_DNS,
    perform=perform,
    # First: a customer who has just done their part waits least. Half of the slots, because providers may not answer;
    # half of those for one organization, because its providers may be its own name servers.
    rank=10,
    limits=JobLimits(share=1 / 2, share_per_org=1 / 4, is_one_per_connection=True, awaited=Awaited.CUSTOMERS),
    outages=(*OUTAGES, *_PROVIDER_OUTAGES),
)
