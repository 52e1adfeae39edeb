"""Many rows in one statement."""

from dcvd.store.engine.rows import placeholders, split_rows


def test_rows_are_filled_up_to_a_power_of_two_with_those_whose_first_value_is_null() -> None:
    ((count, values),) = split_rows([("a", 1, None), ("b", 2, "x"), ("c", 3, "y")])
    assert (count, values) == (4, ["a", 1, None, "b", 2, "x", "c", 3, "y", None, 0, 0])
    assert placeholders(count, 3).count("?") == len(values)


def test_values_are_filled_up_with_nulls() -> None:
    assert list(split_rows([("a",), ("b",), ("c",)])) == [(4, ["a", "b", "c", None])]


def test_more_rows_than_a_statement_takes_are_split() -> None:
    assert [(count, len(values)) for count, values in split_rows([("a", 1)] * 300)] == [(256, 512), (64, 128)]
