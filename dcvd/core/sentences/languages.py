"""Choose the language of an answer."""

from collections.abc import Iterator

from dcvd.core.sentences.rendering import CATALOGUE, Language

DEFAULT_LANGUAGE: Language = "en"
_MAX_RANGES = 20


def choose_language(accept_language: str | None) -> Language:
    """Return the language that a client likes best of those that there are (RFC 9110 section 12.5.4).

    A range is shortened until it fits (RFC 4647 section 3.4), so that `de-AT` is German. English, where none fits.
    """
    for language_range in _sort_ranges(accept_language or ""):
        if language_range == "*":
            return DEFAULT_LANGUAGE
        for language in CATALOGUE:
            if language_range == language or language_range.startswith(f"{language}-"):
                return language
    return DEFAULT_LANGUAGE


def _sort_ranges(accept_language: str) -> Iterator[str]:
    """Yield the ranges of the field, the best first, without those that are refused."""
    weighted = []
    for part in accept_language.lower().split(",")[:_MAX_RANGES]:
        language_range, *parameters = (piece.strip() for piece in part.split(";"))
        weight = _read_weight(parameters)
        if language_range and weight > 0:
            weighted.append((weight, language_range))
    for _, language_range in sorted(weighted, key=lambda pair: -pair[0]):
        yield language_range


def _read_weight(parameters: list[str]) -> float:
    """Return the weight, 0 to 1; a field that is written wrong counts as if the range were not there."""
    if not parameters:
        return 1.0
    name, _, text = parameters[0].partition("=")
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if name.strip() == "q" and 0 <= weight <= 1 and len(parameters) == 1 else 0.0
