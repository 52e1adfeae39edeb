"""The language of an answer is what the client likes best of those that there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.sentences.languages import choose_language
from dcvd.core.sentences.rendering import CATALOGUE, Language


@pytest.mark.parametrize(
    ("field", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("de-Latn-DE", "de"),
        ("den", "en"),
        ("fr", "en"),
        ("fr, de;q=0.5", "de"),
        ("en, de", "en"),
        ("de, en", "de"),
        ("en;q=0.8, de;q=0.9", "de"),
        ("de;q=0, en", "en"),
        ("de;q=0", "en"),
        ("*", "en"),
        ("fr, *;q=0.1, de;q=0.5", "de"),
        ("de;q=x", "en"),
        ("de;q=2", "en"),
        ("de;q=nan", "en"),
        (" de ; q=1.0 ", "de"),
        (";q=1,,", "en"),
        ("fr," * 30 + "de", "en"),
    ],
)
def test_the_best_one_that_there_is_counts(field: str | None, language: Language) -> None:
    assert choose_language(field) == language


@given(st.text(max_size=60))
def test_whatever_a_client_sends_there_is_an_answer(field: str) -> None:
    assert choose_language(field) in CATALOGUE
