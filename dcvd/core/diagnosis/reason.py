"""Why a domain is not as it should be, in one code, and whether it has been so for too long."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.custom_hostnames.statuses import TIMED_OUT_STATUSES
from dcvd.core.diagnosis.awaited import Awaited, find_awaited_by_stage
from dcvd.core.diagnosis.cloudflare.findings import findings_of
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import is_about
from dcvd.core.dns.hostnames import list_unusual_labels
from dcvd.core.domains.domain import Domain, DomainErrorCode, DomainStatus, Finding
from dcvd.core.instants import DAY

WAITING: Final = "waiting"
"""The code where nothing is wrong: the next step just has not happened yet."""
STUCK_AFTER_MS: Final = DAY
"""A customer has usually created a record within a day, and Cloudflare issues a certificate within minutes."""


def list_reason_codes() -> list[str]:
    """List the codes that a reason can have; beside these, that of a refusal of Cloudflare's which no rule knows."""
    return list(dict.fromkeys(map(str, (WAITING, *FindingCode, *DomainErrorCode, *TIMED_OUT_STATUSES))))


class Reason(Struct, frozen=True, kw_only=True):
    """What decides about a domain: the code of a finding or of its error, or `waiting`; who has to act, since when."""

    code: str
    actor: Awaited
    since: int | None


def find_reason(domain: Domain) -> Reason | None:
    """Find why a domain is not ready, or what endangers it; None where it is well.

    What is stored of the domain decides. A fault that keeps all domains waiting, such as a token that is refused, is
    no matter of one, and would hide what is: it is told once, by itself.
    """
    chosen = None if _is_plain(domain) else _choose_finding(domain, findings_of(domain, domain.created_at))
    if chosen is not None:
        since = chosen.since or _find_change(domain)
        return Reason(code=chosen.code, actor=_await_finding(domain, chosen), since=since)
    if domain.is_ready and domain.error is None:
        return None
    code = WAITING if domain.error is None else domain.error.code
    return Reason(code=code, actor=find_awaited_by_stage(domain), since=_find_change(domain))


def find_awaited(domain: Domain) -> Awaited | None:
    """Find who has to act before a domain is ready, as its reason says it; None where it is."""
    if domain.is_ready:
        return None
    reason = find_reason(domain)
    return None if reason is None else reason.actor


def is_stuck(domain: Domain, reason: Reason | None, now: int) -> bool:
    """Whether a domain waits for longer than it should, so that somebody has to look.

    It is not ready, and either in error, or its reason is older than a day. Who waits for a turn in the registration
    queue does not count: Cloudflare takes only so many a minute.
    """
    if domain.is_ready or reason is None:
        return False
    if domain.status is DomainStatus.ERROR:
        return True
    if reason.code == WAITING and domain.cf_id is None:
        return False
    return reason.since is not None and reason.since <= now - STUCK_AFTER_MS


def may_be_stuck_since(now: int) -> int:
    """Return the latest instant at which a domain can have been added that is stuck without being in error."""
    return now - STUCK_AFTER_MS


def _is_plain(domain: Domain) -> bool:
    """Whether there is nothing that findings come from.

    So it is for most of those that are ready, and for those that were just added.
    """
    if (
        domain.findings
        or domain.error is not None
        or domain.cf_errors
        or domain.cf_ssl_errors
        or domain.cf_differences
        or domain.certificate_class.has_timed_out
    ):
        return False
    is_unknown_to_cloudflare = domain.cf_status is None and domain.cf_ssl_status is None
    return domain.is_ready or (
        is_unknown_to_cloudflare and domain.dormant_since is None and not list_unusual_labels(domain.name)
    )


def _choose_finding(domain: Domain, findings: Sequence[Finding]) -> Finding | None:
    """The most severe finding that says more than the error does; an error that no finding is about comes before
    warnings. While a claim is dormant, only its customer can wake it.
    """
    if domain.dormant_since is not None:
        return next((finding for finding in findings if finding.actor == "customer"), None)
    faults = [finding for finding in findings if finding.severity == "error"]
    if domain.error is not None:
        same = [finding for finding in findings if is_about(finding, domain.error)]
        return next(iter([*faults, *same]), None)
    warnings = [finding for finding in findings if finding.severity == "warning"]
    return next(iter([*faults, *warnings]), None)


def _await_finding(domain: Domain, finding: Finding) -> Awaited:
    """Find who has to act on a finding. What nobody has to act on is Cloudflare's, where Cloudflare is at work on it:
    it validates again what moved or timed out.
    """
    if finding.actor != "nobody":
        return Awaited(finding.actor)
    is_of_dns = any(finding.code == each.code for each in domain.findings)
    return Awaited.NOBODY if is_of_dns else Awaited.CLOUDFLARE


def _find_change(domain: Domain) -> int:
    return domain.created_at if domain.cf_changed_at is None else domain.cf_changed_at
