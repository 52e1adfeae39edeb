import pytest

from dcvd.core.numbers import choose, count


@pytest.mark.parametrize(("number", "text"), [(0, "0 names"), (1, "1 name"), (2, "2 names"), (12345, "12,345 names")])
def test_a_noun_has_the_form_of_its_number(number: int, text: str) -> None:
    assert count(number, "name") == text


def test_a_plural_that_is_no_noun_with_an_s_is_given() -> None:
    assert (count(1, "address", "addresses"), count(2, "address", "addresses")) == ("1 address", "2 addresses")
    assert (choose(1, "is", "are"), choose(0, "is", "are")) == ("is", "are")
