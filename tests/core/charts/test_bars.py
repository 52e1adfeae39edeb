"""Columns over time stand side by side, and none leaves its drawing."""

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.charts.bars import lay_out_columns

_VALUES = st.lists(
    st.integers(0, 10**9).flatmap(lambda whole: st.tuples(st.just(whole), st.integers(0, whole))), max_size=100
)


def test_the_highest_value_is_as_high_as_the_drawing_and_its_part_stands_on_the_ground() -> None:
    chart = lay_out_columns([(5, 0), (10, 5), (0, 0)], width=300, height=100)
    assert chart.maximum == 10
    assert [(column.y, column.height) for column in chart.columns] == [(50, 50), (0, 100), (100, 0)]
    assert [(column.part_y, column.part_height) for column in chart.columns] == [(100, 0), (50, 50), (100, 0)]


def test_one_among_many_is_seen() -> None:
    (column,) = lay_out_columns([(1_000_000, 1)], width=10, height=100).columns
    assert column.part_height >= 2


@given(values=_VALUES)
def test_every_column_stands_in_its_drawing_beside_the_others(values: list[tuple[int, int]]) -> None:
    chart = lay_out_columns(values, width=720, height=120)
    assert len(chart.columns) == len(values)
    end = 0.0
    for column in chart.columns:
        assert column.x >= end
        end = column.x + column.width
        assert 0 <= column.y <= column.part_y <= chart.height
        assert column.y + column.height == column.part_y + column.part_height == chart.height
    assert end <= chart.width
