"""Whoever makes a link to the sign-in sends nobody to another site by it."""

import pytest

from dcvd.core.http.own_paths import read_own_path


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
