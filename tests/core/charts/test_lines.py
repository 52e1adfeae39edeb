"""Lines go through their values, and a scale ends at a round number."""

import pytest

from dcvd.core.charts.lines import choose_ceiling, draw_line


@pytest.mark.parametrize(
    ("highest", "ceiling"), [(0, 1), (1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (49, 50), (51, 100), (100_001, 200_000)]
)
def test_a_scale_ends_at_a_round_number(highest: int, ceiling: int) -> None:
    assert choose_ceiling(highest) == ceiling


def test_a_line_leaves_gaps_where_there_is_no_value() -> None:
    path = draw_line([0, 5, None, 10], ceiling=10, width=400, height=100)
    assert path == "M50.0 100.0h0L150.0 50.0M350.0 0.0h0"
    assert draw_line([], ceiling=1, width=400, height=100) == ""
