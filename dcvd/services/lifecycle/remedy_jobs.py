"""The kinds of jobs that a check of a domain enqueues as its remedy.

They stand apart from their definitions, `register_job` and `revalidate_job`: these record a check at their end, and the
check enqueues them.
"""

from typing import Final

import structlog

from dcvd.core.domains.domain import Domain
from dcvd.core.jobs import NO_PAYLOAD, JobKind, NoPayload
from dcvd.core.lifecycle.remedies import Remedy, RemedyKind
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store import jobs
from dcvd.store.engine.database import Transaction

log = structlog.get_logger(__name__)

REGISTER: Final = JobKind("register", NoPayload, ends_with_domain=True)
REVALIDATE: Final = JobKind("revalidate", NoPayload, ends_with_domain=True)


def enqueue_remedy(context: Context, tx: Transaction, domain: Domain, remedy: Remedy) -> None:
    """Enqueue the job that applies a remedy, unless one is pending; the job checks again whether it is needed."""
    kind = REGISTER if remedy.kind is RemedyKind.REGISTER_AGAIN else REVALIDATE
    if jobs.find_pending_of_domain(tx, domain.id, kind.name) is None:
        queue.enqueue_for(context, tx, kind, domain, NO_PAYLOAD)
        log.info(
            "domain.healing",
            domain=domain.name,
            domain_id=domain.id,
            remedy=remedy.kind,
            authority=remedy.certificate_authority,
        )
