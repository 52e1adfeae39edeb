"""The cookie that leads a browser back from a DNS provider to the page from which it went there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.web.returns.return_cookie import CONNECTIONS_PAGE, build_return_cookie, read_return_path

PATH = "/connect/dcv_link_" + "0123456789abcdef" * 2


def sent(state: str) -> str:
    """What the browser sends of it."""
    return build_return_cookie(PATH, state, is_secure=True).partition(";")[0]


def test_it_is_for_no_script_and_for_the_way_back_from_another_site() -> None:
    attributes = build_return_cookie(PATH, "s", is_secure=True).split("; ")[1:]
    assert attributes == ["Path=/", "Max-Age=1800", "HttpOnly", "SameSite=Lax", "Secure"]
    assert "Secure" not in build_return_cookie(PATH, "s", is_secure=False)


@given(state=st.text())
def test_it_leads_back_with_its_own_state(state: str) -> None:
    assert read_return_path(f"other=1; {sent(state)}", state) == PATH
    assert read_return_path(sent(state), f"{state}x") is None


def test_no_cookie_that_another_application_wrote_hides_it() -> None:
    foreign = build_return_cookie(PATH, "another", is_secure=True).partition(";")[0]
    assert read_return_path(f'prefs={{"a": "b c"}}; {foreign}; {sent("s")}', "s") == PATH


def test_it_leads_back_to_the_dashboard_too() -> None:
    cookie = build_return_cookie(CONNECTIONS_PAGE, "s", is_secure=True).partition(";")[0]
    assert read_return_path(cookie, "s") == CONNECTIONS_PAGE
    assert read_return_path(cookie, "t") is None


@pytest.mark.parametrize(
    "header",
    [
        None, "", "dcvd_return", "dcvd_return=", "dcvd_return=//evil.test", f"dcvd_return={PATH}",
        sent("s").replace("/connect/", "//evil.test/"), sent("s").replace("dcv_link_", "dcv_live_"),
        sent("s") + "0", "\x00=1", sent("s").replace(PATH, "/dashboard/tokens"),
    ],
)  # fmt: skip
def test_what_is_no_path_of_such_a_page_leads_nowhere(header: str | None) -> None:
    assert read_return_path(header, "s") is None


@given(header=st.text())
def test_no_header_fails(header: str) -> None:
    assert read_return_path(header, None) is None
