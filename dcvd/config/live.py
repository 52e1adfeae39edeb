"""A value that changes while the program runs, such as the configuration, which SIGHUP replaces."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Live(Generic[T]):
    """Hold a value that is replaced as a whole. Whoever needs it keeps the holder, and reads `value` at each use."""

    def __init__(self, value: T) -> None:
        self._value = value
        self._derivations: list[Callable[[T], Callable[[], None]]] = []

    @property
    def value(self) -> T:
        """The present value. If a derived value cannot follow a new one, its error is raised and nothing changes."""
        return self._value

    @value.setter
    def value(self, value: T) -> None:
        self._prepare(value)()

    def derive(self, compute: Callable[[T], R]) -> "Live[R]":
        """Return a value that is computed from this one, now and whenever this one is replaced."""
        derived = Live(compute(self._value))
        self._derivations.append(lambda value: derived._prepare(compute(value)))
        return derived

    def _prepare(self, value: T) -> Callable[[], None]:
        """Compute all that is derived from a new value; what is returned then sets it, and raises nothing."""
        steps = [prepare(value) for prepare in self._derivations]

        def apply() -> None:
            self._value = value
            for step in steps:
                step()

        return apply
