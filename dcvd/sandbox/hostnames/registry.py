"""All custom hostnames of the zone, kept in step with the DNS data and the clock.

A change in DNS touches only the hostnames whose answers it could change, so that tens of thousands cost nothing. Those
that are there from the start ("preloaded") cost nothing either until one of them is changed: their DNS is taken to be
right until a record is set or removed at their very name.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterable

from dns.name import Name

from dcvd.sandbox.hostnames.lifecycle import advance, see
from dcvd.sandbox.hostnames.model import Hostname, Sight
from dcvd.sandbox.hostnames.preloaded import Preloaded, hostname_id

Look = Callable[[Hostname], tuple[Sight, frozenset[Name]]]


class Registry:
    """In the order of creation. `now` is always the sandbox's time, `step` the milliseconds of one stage."""

    def __init__(self, look: Look, step: int, preloaded: Preloaded) -> None:
        self._look = look
        self._step = step
        self._preloaded = preloaded
        self._removed: list[int] = []
        self._created: dict[str, None] = {}
        self._order: list[str] | None = []
        self._records: dict[str, Hostname] = {}
        self._ids: dict[str, str] = {}
        self._consulted: dict[str, frozenset[Name]] = {}
        self._dependents: defaultdict[Name, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return self._preloaded.count - len(self._removed) + len(self._created)

    def page(self, first: int, count: int, now: int) -> list[Hostname]:
        """`count` of them from position `first` on, at a cost that does not depend on how many there are."""
        last = min(first + count, len(self))
        ids = [self._id_at(position) for position in range(first, last)]
        return [record for record_id in ids if (record := self.get(record_id, now)) is not None]

    def get(self, record_id: str, now: int) -> Hostname | None:
        """As it is now."""
        record = self._records.get(record_id)
        if record is None:
            record = self._untouched(self._preloaded.index_of(record_id))
            return None if record is None else advance(record, now, self._step)
        current = advance(record, now, self._step)
        if current is not record:
            self._records[record_id] = current
        return current

    def named(self, hostname: str, now: int) -> Hostname | None:
        record_id = self._ids.get(hostname)
        if record_id is None:
            record = self._untouched(self._preloaded.index_named(hostname))
            return None if record is None else advance(record, now, self._step)
        return self.get(record_id, now)

    def all(self, now: int) -> list[Hostname]:
        return self.page(0, len(self), now)

    def store(self, record: Hostname, now: int) -> Hostname:
        """Add a record, or replace the one of its id, and look up its DNS; returns what is kept."""
        if record.id not in self._created and self._preloaded.index_of(record.id) is None:
            self._created[record.id] = None
            if self._order is not None:
                self._order.append(record.id)
        self._records[record.id] = record
        self._ids[record.hostname] = record.id
        return self._refresh(record.id, now)

    def remove(self, record: Hostname) -> None:
        index = self._preloaded.index_of(record.id)
        if index is None:
            del self._created[record.id]
            self._order = None
        else:
            insort(self._removed, index)
        self._records.pop(record.id, None)
        self._ids.pop(record.hostname, None)
        self._depend(record.id, frozenset())
        del self._consulted[record.id]

    def dns_changed(self, touched: Iterable[Name], now: int) -> None:
        """Settle those concerned up to now by what they saw before, then look again."""
        names = [(name, name.to_text(omit_final_dot=True).lower()) for name in touched]
        for _, hostname in names:
            untouched = self._untouched(self._preloaded.index_named(hostname))
            if untouched is not None and hostname not in self._ids:
                self.store(untouched, now)
        for record_id in {record_id for name, _ in names for record_id in self._dependents.get(name, ())}:
            self._refresh(record_id, now)

    def look_again(self, now: int) -> None:
        """After a change that concerns every hostname."""
        for record_id in list(self._records):
            self._refresh(record_id, now)

    def _untouched(self, index: int | None) -> Hostname | None:
        """A preloaded hostname as it was from the start."""
        if index is None or index in self._removed:
            return None
        return self._preloaded.record(index)

    def _id_at(self, position: int) -> str:
        kept = self._preloaded.count - len(self._removed)
        if position >= kept:
            if self._order is None:
                self._order = list(self._created)
            return self._order[position - kept]
        for removed in self._removed:
            if removed > position:
                break
            position += 1
        return hostname_id(position)

    def _refresh(self, record_id: str, now: int) -> Hostname:
        record = advance(self._records[record_id], now, self._step)
        sight, consulted = self._look(record)
        record = see(record, sight, now)
        self._records[record_id] = record
        self._depend(record_id, consulted)
        return record

    def _depend(self, record_id: str, consulted: frozenset[Name]) -> None:
        before = self._consulted.get(record_id, frozenset())
        for name in before - consulted:
            self._dependents[name].discard(record_id)
            if not self._dependents[name]:
                del self._dependents[name]
        for name in consulted - before:
            self._dependents[name].add(record_id)
        self._consulted[record_id] = consulted
