"""What levels off is well, whatever its noise; what grows is found, however slowly."""

import random
from collections.abc import Callable

import pytest

from tests.bench.soak.judging import judge, largest_tables, slope, table
from tests.bench.soak.samples import Sample

_MINUTES = 30


def soaked(
    *,
    rss: Callable[[float], float] = lambda at_s: 120,
    wal: Callable[[float], float] = lambda at_s: 4,
    data: Callable[[float], float] = lambda at_s: 8,
    events: Callable[[float], float] = lambda at_s: 900,
    descriptors: Callable[[float], float] = lambda at_s: 60,
    usage: Callable[[float], float] = lambda at_s: 10,
) -> list[Sample]:
    """Half an hour of samples, one every two seconds."""
    return [
        Sample(
            at_s=at_s,
            life=1,
            rss=rss(at_s),
            descriptors=int(descriptors(at_s)),
            threads=9,
            file=data(at_s),
            wal=wal(at_s),
            data=data(at_s),
            rows={"events": int(events(at_s)), "token_usage": int(usage(at_s))},
        )
        for at_s in range(0, _MINUTES * 60, 2)
    ]


def faults(samples: list[Sample]) -> set[str]:
    return {verdict.name for verdict in judge(samples) if not verdict.is_well}


def test_what_stays_as_it_is_is_well() -> None:
    assert faults(soaked()) == set()


def test_noise_single_peaks_and_a_first_half_that_warms_up_are_well() -> None:
    dice = random.Random(7)
    samples = soaked(
        rss=lambda at_s: min(90 + at_s / 10, 120) + dice.uniform(-3, 3) + (80 if dice.random() < 0.02 else 0),
        events=lambda at_s: min(at_s, 900) + dice.uniform(-200, 200),
        descriptors=lambda at_s: 60 + dice.uniform(0, 40),
        data=lambda at_s: 8 + dice.uniform(-1, 1),
    )
    assert faults(samples) == set()


@pytest.mark.parametrize(
    ("grown", "name"),
    [
        (soaked(rss=lambda at_s: 120 + at_s / 80), "rss"),
        (soaked(descriptors=lambda at_s: 60 + at_s / 30), "descriptors"),
        (soaked(data=lambda at_s: 8 + at_s / 150), "data"),
        (soaked(events=lambda at_s: at_s), "rows of events"),
        (soaked(events=lambda at_s: 900 + at_s), "rows of events"),
        (soaked(wal=lambda at_s: 100 if at_s == 1000 else 4), "wal, at most"),
    ],
)
def test_what_goes_on_growing_is_found(grown: list[Sample], name: str) -> None:
    assert faults(grown) == {name}


def test_noise_does_not_hide_a_growth() -> None:
    dice = random.Random(11)
    samples = soaked(rss=lambda at_s: 120 + at_s / 60 + dice.uniform(-8, 8))
    assert faults(samples) == {"rss"}


def test_what_no_configuration_shortens_may_grow() -> None:
    assert faults(soaked(usage=lambda at_s: at_s)) == set()


def test_what_shrinks_is_well() -> None:
    assert faults(soaked(rss=lambda at_s: 200 - at_s / 20, events=lambda at_s: 2000 - at_s)) == set()


def test_a_slope_is_that_of_most_pairs() -> None:
    assert slope([(at, 3 * at) for at in range(50)] + [(50, 9999)]) == 3
    assert slope([(1, 1)]) == 0
    assert slope([]) == 0


def test_the_table_has_a_row_for_each_minute_and_the_tables_with_the_most_rows() -> None:
    samples = soaked(events=lambda at_s: at_s)
    assert largest_tables(samples, 1) == ["events"]
    rows = table(samples, ["events"])
    assert [row["minute"] for row in rows] == list(range(1, _MINUTES + 1))
    assert rows[0]["events"] == 58
    assert rows[-1]["events"] == _MINUTES * 60 - 2
