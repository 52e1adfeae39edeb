"""All custom hostnames of the zone, kept in step with the DNS data and the clock.

A change in DNS touches only the hostnames whose answers it could change, so that tens of thousands cost nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

from dns.name import Name

from dcvd.sandbox.lifecycle import advance, see
from dcvd.sandbox.model import Hostname, Sight

Look = Callable[[Hostname], tuple[Sight, frozenset[Name]]]


class Registry:
    """In the order of creation. `now` is always the sandbox's time, `step` the milliseconds of one stage."""

    def __init__(self, look: Look, step: int) -> None:
        self._look = look
        self._step = step
        self._records: dict[str, Hostname] = {}
        self._ids: dict[str, str] = {}
        self._consulted: dict[str, frozenset[Name]] = {}
        self._dependents: defaultdict[Name, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._records)

    def ids(self) -> list[str]:
        return list(self._records)

    def get(self, record_id: str, now: int) -> Hostname | None:
        """As it is now."""
        record = self._records.get(record_id)
        if record is None:
            return None
        current = advance(record, now, self._step)
        if current is not record:
            self._records[record_id] = current
        return current

    def named(self, hostname: str, now: int) -> Hostname | None:
        record_id = self._ids.get(hostname)
        return None if record_id is None else self.get(record_id, now)

    def all(self, now: int) -> list[Hostname]:
        return [record for record_id in list(self._records) if (record := self.get(record_id, now)) is not None]

    def store(self, record: Hostname, now: int) -> Hostname:
        """Add a record, or replace the one of its id, and look up its DNS; returns what is kept."""
        self._records[record.id] = record
        self._ids[record.hostname] = record.id
        return self._refresh(record.id, now)

    def remove(self, record: Hostname) -> None:
        del self._records[record.id]
        del self._ids[record.hostname]
        self._depend(record.id, frozenset())
        del self._consulted[record.id]

    def dns_changed(self, touched: Iterable[Name], now: int) -> None:
        """Settle those concerned up to now by what they saw before, then look again."""
        for record_id in {record_id for name in touched for record_id in self._dependents.get(name, ())}:
            self._refresh(record_id, now)

    def look_again(self, now: int) -> None:
        """After a change that concerns every hostname."""
        for record_id in list(self._records):
            self._refresh(record_id, now)

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
