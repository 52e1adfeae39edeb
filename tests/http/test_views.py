"""A view takes what it shows from its source: the members of the same names, and no others."""

import msgspec
import pytest
from msgspec import UNSET, Struct, UnsetType

from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view


class _Part(Struct, frozen=True):
    name: str
    secret: str
    at: int | None = None


class _Whole(Struct, frozen=True, kw_only=True):
    name: str = "whole"
    secret: str = "hidden"
    at: int | None = 1_768_473_000_000
    ended_at: int | None = None
    best: _Part | None = None
    parts: tuple[_Part, ...] = ()
    tags: tuple[str, ...] = ()
    times: tuple[int, ...] = ()


class PartView(Struct, frozen=True):
    name: str
    at: Instant | None


class WholeView(Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    at: Instant
    ended_at: Instant | None
    best: PartView | None
    parts: list[PartView]
    tags: list[str]
    times: list[Instant]
    secret: str | UnsetType = UNSET


def test_a_view_shows_what_it_names_in_the_form_of_json_and_nothing_else() -> None:
    part = _Part("part", "hidden", 0)
    view = build_view(WholeView, _Whole(best=part, parts=(part, _Part("other", "hidden")), tags=("a",), times=(0,)))
    assert msgspec.json.decode(msgspec.json.encode(view)) == {
        "name": "whole",
        "at": "2026-01-15T10:30:00Z",
        "endedAt": None,
        "best": {"name": "part", "at": "1970-01-01T00:00:00Z"},
        "parts": [{"name": "part", "at": "1970-01-01T00:00:00Z"}, {"name": "other", "at": None}],
        "tags": ["a"],
        "times": ["1970-01-01T00:00:00Z"],
    }


def test_a_member_with_a_default_is_shown_only_if_it_is_given() -> None:
    assert build_view(WholeView, _Whole()).secret is UNSET
    assert build_view(WholeView, _Whole(), secret="shown").secret == "shown"


def test_what_is_given_wins_and_is_taken_as_it_is() -> None:
    view = build_view(WholeView, _Whole(), name="another", at="2030-01-01T00:00:00Z")
    assert (view.name, view.at) == ("another", "2030-01-01T00:00:00Z")


def test_a_view_of_one_member_is_built_too() -> None:
    class NameView(Struct, frozen=True):
        name: str

    assert build_view(NameView, _Whole()) == NameView("whole")


def test_a_source_without_a_member_is_a_fault_of_the_code() -> None:
    with pytest.raises(AttributeError, match="tags"):
        build_view(WholeView, _Part("part", "hidden"), ended_at=None, best=None, parts=[])


@pytest.mark.parametrize(
    "annotation", [PartView | WholeView, dict[str, PartView]], ids=["two views", "a table of views"]
)
def test_a_member_whose_view_cannot_be_chosen_has_to_be_given(annotation: object) -> None:
    """Taken from the source it would show a part whole, with what the view leaves out."""
    view_type = msgspec.defstruct("EitherView", [("best", annotation)])
    with pytest.raises(TypeError, match="best"):
        build_view(view_type, _Whole(best=_Part("part", "hidden")))
    given = build_view(view_type, _Whole(), best=PartView("part", None))
    assert getattr(given, "best") == PartView("part", None)  # noqa: B009  # mypy knows no members of a made type
