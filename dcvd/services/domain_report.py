"""All that an organization sees of one domain at once."""

from typing import Final

from msgspec import Struct

from dcvd.core.domains.domain import Domain
from dcvd.core.jobs import Job, JobState
from dcvd.core.lifecycle.registration_queue import QueuePosition
from dcvd.services.context import Context
from dcvd.services.diagnosis import Diagnosis, diagnose_stored_domain
from dcvd.services.domains.queries import get_owned
from dcvd.services.lifecycle import registration_queue
from dcvd.services.lifecycle.remedy_jobs import REGISTER
from dcvd.store import written_records
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.jobs import jobs

_MAX_JOBS: Final = 20
_AFTER_ALL: Final = 1 << 62


class DomainReport(Struct, frozen=True, kw_only=True):
    """A domain with its diagnosis as of the last check, where its registration stands, and what was written for it.

    registration: the job that registers it, unless it is done. is_written: whether there is a record to undo.
    """

    diagnosis: Diagnosis
    queue_position: QueuePosition | None
    registration: Job | None
    is_written: bool

    @property
    def domain(self) -> Domain:
        """The domain as it is stored."""
        return self.diagnosis.domain


async def read_report(context: Context, org_id: str, domain_id: str) -> DomainReport:
    """Read the report on a domain. Raises NotFound, also for another organization's."""

    def query(snapshot: Snapshot) -> DomainReport:
        diagnosis = diagnose_stored_domain(context, snapshot, get_owned(snapshot, org_id, domain_id))
        domain = diagnosis.domain
        return DomainReport(
            diagnosis=diagnosis,
            queue_position=registration_queue.read_positions(context, snapshot, [domain]).get(domain.id),
            registration=_find_registration(snapshot, domain),
            is_written=bool(written_records.list_of_domain(snapshot, domain.id)),
        )

    return await context.database.read(query)


def _find_registration(snapshot: Snapshot, domain: Domain) -> Job | None:
    latest = jobs.list_of_domain(snapshot, domain.id, (_AFTER_ALL, ""), newest_first=True, limit=_MAX_JOBS)
    return next((job for job in latest if job.kind == REGISTER.name and job.state is not JobState.DONE), None)
