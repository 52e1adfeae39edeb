"""Values that were made of rows, kept in memory until a commit changes one of these rows."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from contextlib import contextmanager
from typing import Final, Generic, NamedTuple, TypeVar

from dcvd.kit.limits.sized_entries import SizedEntries

V = TypeVar("V")

Keys = frozenset[str] | None
"""Keys of what is kept; None stands for all."""
NO_KEYS: Final[frozenset[str]] = frozenset()


def join_keys(one: Keys, other: Set[str] | None) -> Keys:
    """Return all keys of both."""
    return None if one is None or other is None else one | other


class Column(NamedTuple):
    """A column of a table."""

    table: str
    name: str


class Reading(Generic[V]):
    """A read that is under way, and which rows were changed since before it began, or are being changed."""

    def __init__(self, kept: "KeptRows[V]", outdated: Keys) -> None:
        self._kept = kept
        self._outdated = outdated

    def outdate(self, keys: Keys) -> None:
        """Learn of a change. The lock of what is kept is held."""
        self._outdated = join_keys(self._outdated, keys)

    def is_outdated(self, key: str) -> bool:
        """Whether the row with this key may be another one by now than what was read."""
        return self._outdated is None or key in self._outdated

    def keep(self, key: str, value: V) -> None:
        """Keep a value that was made of what was read, unless that is outdated."""
        self._kept.put(self, key, value)


class KeptRows(Generic[V]):
    """Keeps values by the keys of rows, or by any other text.

    The database belongs to one process, and each commit of it outdates what it changes: before a reader can see the
    commit, so that whatever is found here is what a read would find. Nothing is kept of a read during which its row
    was changed.

    tables: what the values depend on, each with those of its columns that do not matter. keyed_by: the column by whose
    values something is kept. A change of rows that are not told by it outdates everything.
    """

    def __init__(
        self,
        tables: Mapping[str, Collection[str]],
        *,
        keyed_by: Column | None = None,
        max_size: int,
        size_of: Callable[[V], int] = lambda _: 1,
    ) -> None:
        """max_size: the most that all values may have together; beyond it, the oldest are forgotten."""
        self.keyed_by: Final = keyed_by
        self._ignored = {table: frozenset(columns) for table, columns in tables.items()}
        self._values = SizedEntries[str, V](max_size, size_of)
        self._readings: set[Reading[V]] = set()
        self._changing: Keys = NO_KEYS
        # The writer's thread outdates, the event loop reads.
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many values are kept."""
        return len(self._values)

    def depends_on(self, table: str, column: str | None) -> bool:
        """Whether values depend on a column, or on which rows a table has."""
        ignored = self._ignored.get(table)
        return ignored is not None and (column is None or column not in ignored)

    def choose_keys(self, rows: Mapping[str, Collection[str]]) -> Keys:
        """Return the keys that some rows have, which are told by the values of their columns."""
        values = None if self.keyed_by is None else rows.get(self.keyed_by.name)
        return None if values is None else frozenset(values)

    def find(self, key: str) -> V | None:
        """Find what is kept, on whichever thread."""
        return self._values.get(key)

    @contextmanager
    def reading(self) -> Iterator[Reading[V]]:
        """Follow a read, which begins in the block; what is made of it may be kept until the block ends."""
        with self._lock:
            reading = Reading(self, self._changing)
            self._readings.add(reading)
        try:
            yield reading
        finally:
            with self._lock:
                self._readings.discard(reading)

    def put(self, reading: Reading[V], key: str, value: V) -> None:
        """Keep what was made of a read; see `Reading.keep`."""
        with self._lock:
            if not reading.is_outdated(key):
                self._values.set(key, value)

    def begin_change(self, keys: Keys) -> None:
        """Outdate what a commit is about to change. Until `end_change`, nothing that is read of it is kept."""
        with self._lock:
            self._changing = join_keys(self._changing, keys)
            for reading in self._readings:
                reading.outdate(keys)
            if keys is None:
                self._values.clear()
            else:
                for key in keys:
                    self._values.discard(key)

    def end_change(self) -> None:
        """Learn that the commit has ended, in whichever way: what is read from now on may be kept."""
        with self._lock:
            self._changing = NO_KEYS
