"""The verdict on a domain, as its organization reads it: does it work, since when, whose turn is it, and why."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.reason import find_reason
from dcvd.core.diagnosis.summary import list_causes
from dcvd.core.domains.domain import Domain, Finding
from dcvd.core.domains.renewals import domain_renewal_overdue_at
from dcvd.core.sentences.sentence import Sentence, say


class VerdictState(StrEnum):
    """Whether a domain works, and whose turn it is where it does not yet."""

    READY = "ready"
    RISKY = "risky"
    """It works, and something endangers that."""
    BROKEN = "broken"
    """It has worked, and does not."""
    CUSTOMER = "customer"
    SERVICE = "service"
    """Its organization has to act, or the operator of dcvd."""
    PROGRESS = "progress"
    """It goes on by itself."""


AWAITED_BY_STATE: Final[Mapping[VerdictState, frozenset[Awaited]]] = {
    VerdictState.CUSTOMER: frozenset({Awaited.CUSTOMER}),
    VerdictState.SERVICE: frozenset({Awaited.TENANT, Awaited.OPERATOR}),
    VerdictState.PROGRESS: frozenset({Awaited.CLOUDFLARE, Awaited.NOBODY}),
}
"""Who has to act for the domains of a state that wait."""


class Verdict(Struct, frozen=True, kw_only=True):
    """A verdict. since: in milliseconds. awaited: who has to act; None where it works. causes: why it is so."""

    state: VerdictState
    since: int
    awaited: Awaited | None
    causes: tuple[Sentence, ...]


def find_verdict(domain: Domain, findings: Sequence[Finding], now: int) -> Verdict:
    """Return the verdict on a domain with its findings, most severe first."""
    causes = list_causes(domain, findings, now)
    if domain.ready_since is not None:
        state = VerdictState.RISKY if _is_at_risk(domain, findings, now) else VerdictState.READY
        return Verdict(state=state, since=domain.ready_since, awaited=None, causes=causes)
    reason = find_reason(domain)
    assert reason is not None, "what is not ready has a reason"
    if domain.broken_since is not None:
        return Verdict(
            state=VerdictState.BROKEN,
            since=domain.broken_since,
            awaited=reason.actor,
            causes=_tell_change(findings) or causes,
        )
    since = domain.created_at if reason.since is None else reason.since
    return Verdict(state=_choose_state(reason.actor), since=since, awaited=reason.actor, causes=causes)


def _is_at_risk(domain: Domain, findings: Sequence[Finding], now: int) -> bool:
    late_since = domain_renewal_overdue_at(domain)
    is_late = late_since is not None and late_since <= now
    return is_late or domain.error is not None or any(finding.severity != "info" for finding in findings)


def _choose_state(awaited: Awaited) -> VerdictState:
    match awaited:
        case Awaited.CUSTOMER:
            return VerdictState.CUSTOMER
        case Awaited.TENANT | Awaited.OPERATOR:
            return VerdictState.SERVICE
        case Awaited.CLOUDFLARE | Awaited.NOBODY:
            return VerdictState.PROGRESS
        case other:
            assert_never(other)


def _tell_change(findings: Sequence[Finding]) -> tuple[Sentence, ...]:
    """Tell what became of the record of a domain that has worked; nothing where that is not its fault."""
    worst = findings[0] if findings and findings[0].severity == "error" else None
    if worst is not None and worst.code == FindingCode.CNAME_MISSING:
        return (say("cname_removed"),)
    if worst is not None and worst.code == FindingCode.CNAME_WRONG_TARGET and worst.evidence:
        return (say("cname_changed", target=worst.evidence[0]),)
    return ()
