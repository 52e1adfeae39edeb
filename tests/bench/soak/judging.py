"""Whether what a daemon holds levels off."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Final

from msgspec import Struct

from tests.bench.soak.samples import Sample

_MOST_POINTS: Final = 300
_LOG_LIMIT_MIB: Final = 72.0
"""`journal_size_limit` of the database, and a group of commits beyond it."""
_KEPT_LONGER: Final = {
    "token_usage": "kept for 90 days: a row for each token, day and operation",
    "endpoint_rates": "kept for 8 days: a row for each endpoint, five minutes, outcome and class of latency",
    "audit_chains": "stays: a row for each organization",
}
"""Tables with a retention that no configuration shortens."""


class Allowance(Struct, frozen=True):
    """How much a thing may grow in the second half: a share of its median, but at least a number."""

    share: float
    least: float

    def of(self, level: float) -> float:
        return max(self.share * level, self.least)


class Verdict(Struct, frozen=True, kw_only=True):
    """Of one thing: its median in the second half, by how much it grew there, and by how much it may.

    growth: the median slope between any two samples (Theil and Sen), times the length of the half.
    """

    name: str
    level: float
    growth: float
    limit: float

    @property
    def is_well(self) -> bool:
        return self.growth <= self.limit


def judge(samples: Sequence[Sample]) -> list[Verdict]:
    """A verdict on each thing, from the second half of the samples; that on the log is about its largest size."""
    middle = (samples[0].at_s + samples[-1].at_s) / 2
    half = [sample for sample in samples if sample.at_s >= middle]
    tables = sorted({name for sample in half for name in sample.rows} - _KEPT_LONGER.keys())
    things: Iterable[tuple[str, Callable[[Sample], float], Allowance]] = [
        ("rss", lambda sample: sample.rss, Allowance(0.05, 4)),
        ("descriptors", lambda sample: sample.descriptors, Allowance(0.2, 6)),
        ("threads", lambda sample: sample.threads, Allowance(0.1, 2)),
        ("data", lambda sample: sample.data, Allowance(0.25, 1)),
        *((f"rows of {name}", _rows_of(name), Allowance(0.35, 40)) for name in tables),
    ]
    verdicts = [
        _judge_growth(name, [(sample.at_s, value(sample)) for sample in half], allowance)
        for name, value, allowance in things
    ]
    largest = max(sample.wal for sample in samples)
    return [*verdicts, Verdict(name="wal, at most", level=largest, growth=largest, limit=_LOG_LIMIT_MIB)]


def _rows_of(name: str) -> Callable[[Sample], float]:
    return lambda sample: sample.rows.get(name, 0)


def _judge_growth(name: str, points: Sequence[tuple[float, float]], allowance: Allowance) -> Verdict:
    level = median(value for _, value in points)
    return Verdict(
        name=name,
        level=level,
        growth=slope(points) * (points[-1][0] - points[0][0]),
        limit=allowance.of(level),
    )


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between any two points, which single peaks do not move; 0 for fewer than two."""
    thinned = points[:: math.ceil(len(points) / _MOST_POINTS) or 1]
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for index, earlier in enumerate(thinned)
        for later in thinned[index + 1 :]
        if later[0] > earlier[0]
    ]
    return median(slopes) if slopes else 0.0


def largest_tables(samples: Sequence[Sample], count: int) -> list[str]:
    """The tables that had the most rows at some time."""
    most: dict[str, int] = {}
    for sample in samples:
        for name, rows in sample.rows.items():
            most[name] = max(rows, most.get(name, 0))
    return sorted(most, key=lambda name: (-most[name], name))[:count]


def table(samples: Sequence[Sample], tables: Sequence[str]) -> list[Mapping[str, float | int]]:
    """A row for each minute: the last sample in it."""
    by_minute: dict[int, Sample] = {int(sample.at_s // 60): sample for sample in samples}
    return [
        {
            "minute": minute + 1,
            "life": sample.life,
            "rss MiB": round(sample.rss, 1),
            "fds": sample.descriptors,
            "threads": sample.threads,
            "file MiB": round(sample.file, 2),
            "wal MiB": round(sample.wal, 2),
            "data MiB": round(sample.data, 2),
            **{name: sample.rows.get(name, 0) for name in tables},
        }
        for minute, sample in sorted(by_minute.items())
    ]
