"""Whoever makes a link to the sign-in sends nobody to another site by it."""

import pytest

from dcvd.core.http.own_paths import read_own_path, read_path_of_url


@pytest.mark.parametrize(
    "path", ["/", "/dashboard", "/dashboard/domains?q=a%20b&c=%2F%2Fd#e", "/a//b", "/?next=//evil"]
)
def test_a_path_of_this_site_is_taken(path: str) -> None:
    assert read_own_path(path, "/otherwise") == path


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "dashboard",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/a\\b",
        "https:evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: b=c",
        "/ä",
        "/a b",
        "/" + "a" * 2_000,
    ],
)
def test_anything_else_is_not(text: str | None) -> None:
    assert read_own_path(text, "/otherwise") == "/otherwise"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://dcv.example.net/dashboard?a=b#c", "/dashboard?a=b"),
        ("/dashboard", "/dashboard"),
        ("https://dcv.example.net//evil.example", "/otherwise"),
        ("https://[", "/otherwise"),
        ("https://a]b/c", "/otherwise"),
        ("javascript:alert(1)", "/otherwise"),
    ],
)
def test_of_a_url_the_path_is_taken(url: str, path: str) -> None:
    assert read_path_of_url(url, "/otherwise") == path
