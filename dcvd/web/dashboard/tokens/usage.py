"""How a token is used, as a page shows it: a chart of the last days, and sums by day and by operation."""

from collections.abc import Sequence
from typing import Final, TypeVar

from msgspec import Struct

from dcvd.core.charts.bars import ColumnChart, lay_out_columns
from dcvd.core.instants import DAY, to_rfc3339
from dcvd.services.tokens.usage import RETENTION_DAYS
from dcvd.store.tokens.usage import UsageCount

K = TypeVar("K", int, str)

_WIDTH: Final = 720
_HEIGHT: Final = 120


class UsageSum(Struct, frozen=True):
    """Requests, those that failed, and the share of the highest sum beside it in percent. name: a day or operation."""

    name: str
    requests: int
    errors: int
    share: float


class UsageView(Struct, frozen=True, kw_only=True):
    """The use in the last days. by_day: days with requests, the latest first; by_operation: the most used first.

    first_day, last_day: of the chart.
    """

    requests: int
    errors: int
    chart: ColumnChart
    first_day: str
    last_day: str
    by_day: list[UsageSum]
    by_operation: list[UsageSum]


def build_usage(counts: Sequence[UsageCount], now: int) -> UsageView:
    """Return the view of what was counted."""
    last = now // DAY
    first = last - RETENTION_DAYS + 1
    days: dict[int, tuple[int, int]] = {}
    operations: dict[str, tuple[int, int]] = {}
    for count in counts:
        _add(days, count.day, count)
        _add(operations, count.operation, count)
    by_operation = sorted(operations.items(), key=lambda item: (-item[1][0], item[0]))
    return UsageView(
        requests=sum(count.requests for count in counts),
        errors=sum(count.errors for count in counts),
        chart=lay_out_columns([days.get(day, (0, 0)) for day in range(first, last + 1)], width=_WIDTH, height=_HEIGHT),
        first_day=_name_day(first),
        last_day=_name_day(last),
        by_day=_build_sums([(_name_day(day), sums) for day, sums in sorted(days.items(), reverse=True)]),
        by_operation=_build_sums(by_operation),
    )


def _add(sums: dict[K, tuple[int, int]], key: K, count: UsageCount) -> None:
    requests, errors = sums.get(key, (0, 0))
    sums[key] = (requests + count.requests, errors + count.errors)


def _build_sums(sums: Sequence[tuple[str, tuple[int, int]]]) -> list[UsageSum]:
    highest = max((requests for _, (requests, _) in sums), default=0) or 1
    return [UsageSum(name, requests, errors, round(100 * requests / highest, 1)) for name, (requests, errors) in sums]


def _name_day(day: int) -> str:
    return to_rfc3339(day * DAY)[:10]
