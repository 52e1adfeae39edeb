"""Finds where many domains wait at once, by what Cloudflare says of each of them."""

from collections.abc import Iterable
from typing import Final

from dcvd.core.diagnosis.cloudflare.findings import cloudflare_findings, find_cause
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.domains.stalls import LEAST_COUNT, Stage, Stall, WaitingGroup, find_stage

_CAUSED_BY_OUTAGES: Final = frozenset(
    {
        FindingCode.CAA_UNANSWERED,
        FindingCode.VALIDATION_UNANSWERED,
        FindingCode.NAME_UNRESOLVED,
        FindingCode.DNSSEC_BOGUS,
        FindingCode.MPIC_FAILED,
        FindingCode.HTTP_CHALLENGE_BLOCKED,
    }
)
"""What an outage of a CA, or of the ways to it, makes it say of everybody. Anything else is of the domain itself."""


def find_crowds(groups: Iterable[WaitingGroup], until: int) -> tuple[Stall, ...]:
    """Find the stages at which many domains wait for one reason: stalls, where fewer have become active meanwhile.

    A text that blames the owners of a few is the fault of each; one that blames those of many at once is none of
    theirs. until: no domain of the groups came to its stage later, in milliseconds.
    """
    found: dict[tuple[Stage, str | None], list[WaitingGroup]] = {}
    for group in groups:
        stage, cause = find_stage(group.first), find_cause(cloudflare_findings(group.first))
        if stage is not None and (cause is None or cause in _CAUSED_BY_OUTAGES):
            found.setdefault((stage, cause), []).append(group)
    crowds = [
        Stall(
            stage=stage,
            cause=cause,
            count=len({name for group in alike for name in group.registrable_names}),
            since=min(group.first.cf_changed_at or until for group in alike),
            until=until,
        )
        for (stage, cause), alike in found.items()
    ]
    return tuple(crowd for crowd in crowds if crowd.count >= LEAST_COUNT)
