"""The public suffix list in a fifth of the memory that its package takes: a daemon holds it for as long as it runs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
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


class SuffixList(PublicSuffixList):
    """The list, which looks through all the labels of a name only where rules stand at or below its last two."""

    def __init__(self, *, only_icann: bool) -> None:
        super().__init__(only_icann=only_icann)
        rules = self._publicsuffix
        # The package has no way to be given a set, and its rules do nothing but to ask this one; a test holds it to
        # that.
        self._publicsuffix = PackedNames(rules)  # type: ignore[assignment]
        self._ends_of_rules: Final = PackedNames({".".join(rule.lstrip("!").split(".")[-2:]) for rule in rules})

    def _countpublic(self, labels: Sequence[str], accept_unknown: bool | None = None) -> int:
        if len(labels) > 1:
            ends, last = self._ends_of_rules, labels[-1]
            if f"{labels[-2]}.{last}" not in ends and f"*.{last}" not in ends:
                labels = labels[-1:]
        return super()._countpublic(labels, accept_unknown)


def read_list(*, only_icann: bool = False) -> PublicSuffixList:
    """Read the list; `only_icann`: without the suffixes of its private section."""
    return SuffixList(only_icann=only_icann)
