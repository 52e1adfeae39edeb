"""Choices of a grammar: each is made with a source of chance, and what is out of the usual has a name."""

import random
from typing import Final, TypeVar

T = TypeVar("T")

CRLF: Final = b"\r\n"


class Draft:
    """What is being made of an answer: its chance, and the names of its faults."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.faults: set[str] = set()

    def happens(self, share: float) -> bool:
        """True in so large a share of all drafts."""
        return self.chance.random() < share

    def pick(self, *of: T) -> T:
        return self.chance.choice(of)

    def pick_named(self, of: dict[str, T]) -> T:
        """One of several faults, whose name is noted."""
        name = self.chance.choice(list(of))
        self.faults.add(name)
        return of[name]

    def note(self, fault: str) -> None:
        self.faults.add(fault)
