"""Figures of an endpoint as people read them: shares, times, and charts."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from msgspec import Struct

from dcvd.core.charts.bars import ColumnChart, lay_out_columns
from dcvd.core.charts.lines import choose_ceiling, draw_line
from dcvd.core.charts.rows import RowPart, lay_out_row
from dcvd.core.sentences.rendering import Language
from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.services.webhooks.delivery_history import DeliveryRates
from dcvd.services.webhooks.endpoint_figures import RateSpan
from dcvd.store.webhooks.endpoint_figures import AnswerCount

WIDTH: Final = 600
HEIGHT: Final = 100


class Course(Struct, frozen=True, kw_only=True):
    """Attempts and latency over the spans of a window, as two charts that have one table.

    attempts: of each span all, with the part that failed. p50, p95: paths.
    """

    spans: Sequence[RateSpan]
    attempts: ColumnChart
    latency_ceiling: int
    p50: str
    p95: str


class AnswerBar(Struct, frozen=True, kw_only=True):
    """A kind of answer. phrase: what its status means, empty where that is unknown."""

    outcome: AttemptOutcome
    status_code: int | None
    phrase: str
    attempts: int
    bar: RowPart


def draw_course(spans: Sequence[RateSpan]) -> Course:
    """Draw the charts of a window."""
    counts = [(span.rates.delivered_count + span.rates.failed_count, span.rates.failed_count) for span in spans]
    latency_ceiling = choose_ceiling(max((span.rates.p95_ms or 0 for span in spans), default=0))

    def draw(values: Sequence[int | None]) -> str:
        return draw_line(values, ceiling=latency_ceiling, width=WIDTH, height=HEIGHT)

    return Course(
        spans=spans,
        attempts=lay_out_columns(counts, width=WIDTH, height=HEIGHT),
        latency_ceiling=latency_ceiling,
        p50=draw([span.rates.p50_ms for span in spans]),
        p95=draw([span.rates.p95_ms for span in spans]),
    )


def draw_answers(answers: Sequence[AnswerCount]) -> list[AnswerBar]:
    """Draw the histogram of answers, the most frequent first."""
    ordered = sorted(answers, key=lambda answer: (-answer.attempts, answer.status_code or 0, answer.outcome))
    longest = max((answer.attempts for answer in answers), default=1)
    return [
        AnswerBar(
            outcome=answer.outcome,
            status_code=answer.status_code,
            phrase=_find_phrase(answer.status_code),
            attempts=answer.attempts,
            bar=lay_out_row([answer.attempts], longest=longest, width=WIDTH)[0],
        )
        for answer in ordered
    ]


def format_share(delivered: int, failed: int, language: Language) -> str | None:
    """Return what share of attempts delivered, such as `99.9 %`; None without attempts.

    It is cut off, not rounded: what says 100 % has no failure.
    """
    total = delivered + failed
    if not total:
        return None
    tenths = 1000 * delivered // total
    text = f"{tenths // 10}.{tenths % 10}".removesuffix(".0")
    return f"{text.replace('.', ',') if language == 'de' else text} %"


def format_rates(rates: DeliveryRates, language: Language) -> str | None:
    """Return the share of `format_share` of rates."""
    return format_share(rates.delivered_count, rates.failed_count, language)


def _find_phrase(status_code: int | None) -> str:
    try:
        return "" if status_code is None else HTTPStatus(status_code).phrase
    except ValueError:
        return ""
