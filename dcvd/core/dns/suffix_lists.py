"""The public suffix list in a fifth of the memory that its package takes: a daemon holds it for as long as it runs."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from publicsuffixlist import PublicSuffixList

_BUCKETS: Final = 2048
"""About eight names each."""


class PackedNames:
    """A set of texts without line breaks, which are no objects of their own but parts of a few texts."""

    def __init__(self, names: Iterable[str]) -> None:
        buckets: dict[int, list[str]] = defaultdict(list)
        for name in names:
            buckets[hash(name) % _BUCKETS].append(name)
        self._buckets: Final = ["\n".join(["", *buckets[number], ""]) for number in range(_BUCKETS)]

    def __contains__(self, name: str) -> bool:
        return f"\n{name}\n" in self._buckets[hash(name) % _BUCKETS]


def read_list(*, only_icann: bool = False) -> PublicSuffixList:
    """Read the list; `only_icann`: without the suffixes of its private section."""
    suffixes = PublicSuffixList(only_icann=only_icann)
    # The package has no way to be given a set, and its rules do nothing but to ask this one; a test holds it to that.
    suffixes._publicsuffix = PackedNames(suffixes._publicsuffix)  # type: ignore[assignment]
    return suffixes
