"""The cases by their keys: each changes its key by a reload, and observes what the daemon does before and after."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from tests.daemon.reload.place import Case, Place

CASES: Final[dict[str, Case]] = {}


def case(key: str) -> Callable[[Case], Case]:
    """Register the case of a key."""

    def register(function: Case) -> Case:
        assert key not in CASES, key
        CASES[key] = function
        return function

    return register


def row(
    key: str,
    value: str,
    sign: str | None,
    transcribe: Callable[[Place], Awaitable[str]],
    *,
    given: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Register a case: with the value, what the daemon does has a `sign` that it has not before; None: it differs.

    `{far}` in the value stands for the URL of the far server. given: values of other keys, before and after.
    """

    async def observe(place: Place) -> None:
        if given:
            place.reload_all(given)
        before = await transcribe(place)
        place.reload_all({**given, key: value.replace("{far}", place.far.url)})
        after = await transcribe(place)
        assert before != after
        if sign is not None:
            assert sign not in before
            assert sign in after

    case(key)(observe)
