"""The header Cookie: nothing that another application wrote hides a cookie of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.http.cookies import list_cookies

OTHERS = ['prefs={"theme": "dark"}', "name=Jo Smith", 'open="', "päge=1", "list[0]=1", "flag", "=", "a=1, b", "path=/x"]


@pytest.mark.parametrize("other", OTHERS)
def test_a_cookie_is_found_whatever_stands_around_it(other: str) -> None:
    assert list(list_cookies(f"{other}; ours=x.y=z; {other}", "ours")) == ["x.y=z"]
    assert not list(list_cookies(other, "ours"))


@given(other=st.text(st.characters(exclude_characters=";")))
def test_no_other_one_hides_it(other: str) -> None:
    assert list(list_cookies(f"x{other};ours=1", "ours")) == ["1"]


def test_of_several_with_one_name_each_is_found() -> None:
    assert list(list_cookies("ours=; a=0; ours=2", "ours")) == ["", "2"]
