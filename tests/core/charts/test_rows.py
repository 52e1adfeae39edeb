"""Parts of a row follow each other, and the longest row takes the whole width."""

from dcvd.core.charts.rows import RowPart, lay_out_row


def test_parts_of_a_row_follow_each_other() -> None:
    assert lay_out_row([1, 0, 3], longest=8, width=80) == [RowPart(0, 10), RowPart(10, 0), RowPart(10, 30)]
    assert lay_out_row([8], longest=8, width=80) == [RowPart(0, 80)]
    assert lay_out_row([0], longest=0, width=80) == [RowPart(0, 0)]
