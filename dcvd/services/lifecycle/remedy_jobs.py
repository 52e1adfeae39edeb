"""The kinds of jobs at Cloudflare that a check of a domain enqueues, and whether one is on its way.

They stand apart from their definitions, `register_job`, `deregister_job` and `revalidate_job`: these record a check at
their end, and the check enqueues them.
"""

from typing import Final

import structlog
from msgspec import Struct

from dcvd.core.domains.domain import WAITING_STATUSES, Domain, DomainErrorCode
from dcvd.core.domains.observations import RegistrationRefusal
from dcvd.core.jobs import NO_PAYLOAD, JobKind, NoPayload, Predecessor
from dcvd.core.lifecycle.remedies import Remedy, RemedyKind
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store.engine.transactions import Transaction
from dcvd.store.jobs import jobs

log = structlog.get_logger(__name__)


class Deregistration(Struct, frozen=True):
    """The hostname to remove; `cf_id` is None where the domain was removed before we learned its id."""

    cf_id: str | None


DEREGISTER: Final = JobKind("deregister", Deregistration)
# Of a name that was removed and added again, the removal comes first.
REGISTER: Final = JobKind("register", NoPayload, ends_with_domain=True, waits_for=Predecessor(DEREGISTER.name))
REVALIDATE: Final = JobKind("revalidate", NoPayload, ends_with_domain=True)


def find_failed_registration(tx: Transaction, domain: Domain) -> RegistrationRefusal | None:
    """Return that nobody registers a domain that Cloudflare does not have; None where a job or a remedy will do it."""
    if domain.cf_id is not None or domain.status not in WAITING_STATUSES:
        return None
    if domain.is_parked or domain.dormant_since is not None:
        return None
    if jobs.find_pending_of_domain(tx, domain.id, REGISTER.name) is not None:
        return None
    message = f"{domain.name} could not be registered at Cloudflare. Its job `register` says why, and can be retried."
    return RegistrationRefusal(DomainErrorCode.REGISTRATION_FAILED, message)


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
