from hypothesis import given
from hypothesis import strategies as st

from dcvd.cli.terminal.layout import ColumnSize, fit_columns

ID, NAME, AGE, REASON = (
    ColumnSize(30, None, None),
    ColumnSize(40, 16, None),
    ColumnSize(10, None, 1),
    ColumnSize(50, 20, 2),
)
SIZES = st.lists(
    st.builds(ColumnSize, st.integers(1, 60), st.none() | st.integers(1, 30), st.none() | st.integers(1, 5)),
    min_size=1,
    max_size=8,
)


def test_a_pipe_shows_all_of_it() -> None:
    assert fit_columns([ID, NAME, AGE, REASON], None) == {0: 30, 1: 40, 2: 10, 3: 50}


def test_what_can_be_cut_is_cut_before_anything_is_left_out() -> None:
    assert fit_columns([ID, NAME, AGE, REASON], 120) == {0: 30, 1: 40, 2: 10, 3: 34}
    assert fit_columns([ID, NAME, AGE, REASON], 90) == {0: 30, 1: 24, 2: 10, 3: 20}


def test_columns_leave_in_their_turn_and_the_room_goes_to_the_others() -> None:
    assert fit_columns([ID, NAME, AGE, REASON], 70) == {0: 30, 1: 16, 3: 20}
    assert fit_columns([ID, NAME, AGE, REASON], 60) == {0: 30, 1: 28}


def test_an_id_stays_whole_even_where_the_line_becomes_too_long() -> None:
    assert fit_columns([ID, NAME, AGE, REASON], 40) == {0: 30, 1: 16}


@given(SIZES, st.integers(1, 200))
def test_a_line_fits_unless_what_never_gives_way_does_not(sizes: list[ColumnSize], room: int) -> None:
    widths = fit_columns(sizes, room)
    staying = {index for index, size in enumerate(sizes) if size.gives_way is None}
    assert staying <= widths.keys()
    for index, width in widths.items():
        assert sizes[index].narrowest <= width <= sizes[index].natural
    total = sum(widths.values()) + 2 * (len(widths) - 1)
    assert total <= room or set(widths) == staying or (not staying and not widths)
    if total > room:
        assert all(width == sizes[index].narrowest for index, width in widths.items())
