"""Finds where many domains wait at once, by what Cloudflare says of each of them."""

from collections.abc import Iterable

from dcvd.core.diagnosis.cloudflare.findings import cloudflare_findings, find_cause
from dcvd.core.domains.stalls import LEAST_COUNT, Stage, Stall, WaitingGroup, find_stage


def find_stalls(groups: Iterable[WaitingGroup], activation_count: int, until: int) -> tuple[Stall, ...]:
    """Find the stages at which many domains wait for one reason, more than have become active meanwhile.

    A text that blames the owners of a few is the fault of each; one that blames those of many at once is none of
    theirs. until: no domain of the groups came to its stage later, in milliseconds.
    """
    found: dict[tuple[Stage, str | None], list[WaitingGroup]] = {}
    for group in groups:
        stage = find_stage(group.first)
        if stage is not None:
            found.setdefault((stage, find_cause(cloudflare_findings(group.first))), []).append(group)
    stalls = [
        Stall(
            stage=stage,
            cause=cause,
            count=sum(group.count for group in alike),
            since=min(group.first.cf_changed_at or until for group in alike),
            until=until,
        )
        for (stage, cause), alike in found.items()
    ]
    return tuple(stall for stall in stalls if stall.count >= LEAST_COUNT and stall.count > activation_count)
