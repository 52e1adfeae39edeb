"""The problems of an overview in the words of the page, each with the list that shows more."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from dcvd.core.durations import format_bytes
from dcvd.core.sentences.sentence import Param, Sentence, quote, say
from dcvd.core.system.overview import Problem, SystemOverview, Weight

_MACHINE: Final = "#machine"
_CLOUDFLARE: Final = "#cloudflare"


class ProblemLine(Struct, frozen=True):
    """A problem. place: where there is more of it, below the operator's root or on the page; None for nowhere."""

    weight: Weight
    sentence: Sentence
    place: str | None

    @property
    def is_quoted(self) -> bool:
        """Whether it is what a part of dcvd or Cloudflare said, in English."""
        return self.sentence.id == "verbatim"


class _Words(Struct, frozen=True):
    """How a kind of problem is told. params: reads what stands in its sentence."""

    place: str
    params: Callable[[SystemOverview], Mapping[str, Param]] = lambda _: {}


WORDED_PROBLEMS: Final[Mapping[str, _Words]] = {
    "cloudflare_paused": _Words(
        _CLOUDFLARE, lambda found: {"seconds": 0 if found.cloudflare is None else found.cloudflare.paused_seconds}
    ),
    "quota_low": _Words(
        _CLOUDFLARE,
        lambda found: {
            "used": (found.cloudflare and found.cloudflare.hostnames_used) or 0,
            "allowed": (found.cloudflare and found.cloudflare.hostnames_allowed) or 0,
        },
    ),
    "disk_low": _Words(_MACHINE, lambda found: {"free": format_bytes(found.disk.free_bytes or 0)}),
    "backup_late": _Words(_MACHINE),
    "no_backup": _Words(_MACHINE),
    "clock_wrong": _Words(_MACHINE),
    "alerts_failing": _Words(_MACHINE),
    "domains_broken": _Words(
        "#broken",
        lambda found: {"count": found.domains.broken, "operators": found.domains.broken_for_operator},
    ),
    "domains_wait_for_operator": _Words(
        "/domains?actor=operator",
        lambda found: {"count": found.domains.waiting_for.get("operator", 0) - found.domains.broken_for_operator},
    ),
    "renewals_overdue": _Words("#renewals", lambda found: {"count": found.certificates.overdue_renewals}),
    "certificates_expiring": _Words("/domains?expires=7", lambda found: {"count": found.certificates.within_7_days}),
    "jobs_dead": _Words("/jobs?status=dead", lambda found: {"count": sum(found.jobs.dead.values())}),
    "deliveries_dead": _Words("/deliveries?status=dead", lambda found: {"count": found.deliveries.dead}),
    "endpoints_troubled": _Words(
        "#endpoints",
        lambda found: {"failing": found.endpoints.failing, "disabled": found.endpoints.disabled},
    ),
}
"""By the code of a problem. What has no words here is told as it is."""


def describe_problems(overview: SystemOverview) -> list[ProblemLine]:
    """Describe each problem, the worst first; those of one code, whose sentence says all of it, once."""
    lines = {_key_of(problem): _describe(problem, overview) for problem in reversed(overview.problems)}
    return list(reversed(lines.values()))


def _key_of(problem: Problem) -> str:
    return problem.code if problem.code in WORDED_PROBLEMS else f"{problem.code} {problem.message}"


def _describe(problem: Problem, overview: SystemOverview) -> ProblemLine:
    words = WORDED_PROBLEMS.get(problem.code)
    if words is None:
        return ProblemLine(problem.weight, quote(problem.message), None)
    sentence = say(f"operator_problem_{problem.code}", **words.params(overview))
    return ProblemLine(problem.weight, sentence, words.place)
