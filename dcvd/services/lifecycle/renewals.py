"""Report renewals that are overdue, and how far checks are behind, over all domains."""

from typing import Final

from msgspec import Struct

from dcvd.core.domains.domain import Domain
from dcvd.core.domains.renewals import renewal_overdue_at
from dcvd.core.instants import SECOND, format_instant, to_rfc3339
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.services.context import Context
from dcvd.store import domains, renewals
from dcvd.store.engine.transactions import Snapshot

MAX_LISTED: Final = 200


class LateRenewalView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A domain whose certificate should have been renewed at `overdue_at`; instants are RFC 3339."""

    domain_id: str
    org_id: str
    domain_name: str
    status: str
    error_code: str | None
    cf_ssl_status: str | None
    expires_at: str
    overdue_at: str
    checked_at: str | None


class RenewalsView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many renewals are overdue; `late` lists the longest overdue, at most `MAX_LISTED`.

    behind_seconds: by lane, for how long the check has been due that waits longest; 0 where none is due.
    """

    count: int
    late: list[LateRenewalView]
    behind_seconds: dict[str, int]


async def summarize_renewals(context: Context, *, limit: int = MAX_LISTED) -> RenewalsView:
    """Summarize the state now; the same for the API and for the command line."""
    now = context.now()

    def query(snapshot: Snapshot) -> RenewalsView:
        oldest = {lane.name.lower(): renewals.find_oldest_due_at(snapshot, lane) for lane in CheckLane}
        return RenewalsView(
            count=renewals.count_overdue(snapshot, now),
            late=[_to_view(domain) for domain in domains.list_renewals_overdue(snapshot, now, limit)],
            behind_seconds={lane: 0 if at is None else max(now - at, 0) // SECOND for lane, at in oldest.items()},
        )

    return await context.database.read(query)


def _to_view(domain: Domain) -> LateRenewalView:
    certificate = domain.certificate
    assert certificate is not None, "a domain with an overdue renewal has a certificate"
    return LateRenewalView(
        domain_id=domain.id,
        org_id=domain.org_id,
        domain_name=domain.name,
        status=domain.status,
        error_code=None if domain.error is None else domain.error.code,
        cf_ssl_status=domain.cf_ssl_status,
        expires_at=to_rfc3339(certificate.expires_at),
        overdue_at=to_rfc3339(renewal_overdue_at(certificate)),
        checked_at=format_instant(domain.cf_checked_at),
    )
