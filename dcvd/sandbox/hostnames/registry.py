"""Keep all custom hostnames of the zone, and update them after changes of DNS and of the clock.

A change in DNS updates only the hostnames that depend on it, so tens of thousands of others cost nothing. Preloaded
hostnames, which exist from the start, cost nothing either until one of them is changed: their DNS counts as right until
a record is set or removed at exactly their name.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterable

from dns.name import Name

from dcvd.sandbox.hostnames.lifecycle import advance, apply_conditions
from dcvd.sandbox.hostnames.model import CustomHostname, HostnameConditions
from dcvd.sandbox.hostnames.preloaded import PreloadedHostnames, build_hostname_id

ConditionsReader = Callable[[CustomHostname], tuple[HostnameConditions, frozenset[Name]]]


class HostnameRegistry:
    """The hostnames in the order of creation. `now` is the sandbox's time; one stage takes `step_ms` milliseconds."""

    def __init__(self, read_conditions: ConditionsReader, step_ms: int, preloaded: PreloadedHostnames) -> None:
        self._read_conditions = read_conditions
        self._step_ms = step_ms
        self._preloaded = preloaded
        self._removed_indexes: list[int] = []
        self._created_ids: dict[str, None] = {}
        self._order: list[str] | None = []
        self._records: dict[str, CustomHostname] = {}
        self._ids: dict[str, str] = {}
        self._consulted_names: dict[str, frozenset[Name]] = {}
        self._dependents: defaultdict[Name, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return self._preloaded.count - len(self._removed_indexes) + len(self._created_ids)

    def page(self, first: int, count: int, now: int) -> list[CustomHostname]:
        """Return `count` hostnames from position `first` on; the cost does not depend on how many there are in all."""
        last = min(first + count, len(self))
        ids = [self._id_at(position) for position in range(first, last)]
        return [record for record_id in ids if (record := self.get(record_id, now)) is not None]

    def get(self, record_id: str, now: int) -> CustomHostname | None:
        """Return the hostname with this id as it is now, or None."""
        record = self._records.get(record_id) or self._find_preloaded(self._preloaded.find_index(record_id))
        if record is None:
            return None
        current = advance(record, now, self._step_ms)
        if record_id in self._records:
            self._records[record_id] = current
        return current

    def get_by_name(self, hostname: str, now: int) -> CustomHostname | None:
        record_id = self._ids.get(hostname)
        if record_id is None and (index := self._preloaded.find_index_by_name(hostname)) is not None:
            record_id = build_hostname_id(index)
        return None if record_id is None else self.get(record_id, now)

    def list_all(self, now: int) -> list[CustomHostname]:
        return self.page(0, len(self), now)

    def store(self, record: CustomHostname, now: int) -> CustomHostname:
        """Add a record, or replace the one with its id, and read its DNS; return the record that is kept."""
        if record.id not in self._created_ids and self._preloaded.find_index(record.id) is None:
            self._created_ids[record.id] = None
            if self._order is not None:
                self._order.append(record.id)
        self._records[record.id] = record
        self._ids[record.hostname] = record.id
        return self._refresh(record.id, now)

    def remove(self, record: CustomHostname) -> None:
        index = self._preloaded.find_index(record.id)
        if index is None:
            del self._created_ids[record.id]
            self._order = None
        else:
            insort(self._removed_indexes, index)
        self._records.pop(record.id, None)
        self._ids.pop(record.hostname, None)
        self._set_dependencies(record.id, frozenset())
        del self._consulted_names[record.id]

    def handle_dns_change(self, changed_names: Iterable[Name], now: int) -> None:
        """Advance the affected hostnames to now by their old conditions, then read their conditions again."""
        names = [(name, name.to_text(omit_final_dot=True).lower()) for name in changed_names]
        for _, hostname in names:
            preloaded = self._find_preloaded(self._preloaded.find_index_by_name(hostname))
            if preloaded is not None and hostname not in self._ids:
                self.store(preloaded, now)
        for record_id in {record_id for name, _ in names for record_id in self._dependents.get(name, ())}:
            self._refresh(record_id, now)

    def refresh_all(self, now: int) -> None:
        """Update every hostname after a change that affects all of them."""
        for record_id in list(self._records):
            self._refresh(record_id, now)

    def _find_preloaded(self, index: int | None) -> CustomHostname | None:
        """Return a preloaded hostname in its first state; None if it was removed or never existed."""
        if index is None or index in self._removed_indexes:
            return None
        return self._preloaded.build_hostname(index)

    def _id_at(self, position: int) -> str:
        preloaded_count = self._preloaded.count - len(self._removed_indexes)
        if position >= preloaded_count:
            if self._order is None:
                self._order = list(self._created_ids)
            return self._order[position - preloaded_count]
        for removed_index in self._removed_indexes:
            if removed_index > position:
                break
            position += 1
        return build_hostname_id(position)

    def _refresh(self, record_id: str, now: int) -> CustomHostname:
        record = advance(self._records[record_id], now, self._step_ms)
        conditions, consulted_names = self._read_conditions(record)
        record = apply_conditions(record, conditions, now)
        self._records[record_id] = record
        self._set_dependencies(record_id, consulted_names)
        return record

    def _set_dependencies(self, record_id: str, consulted_names: frozenset[Name]) -> None:
        before = self._consulted_names.get(record_id, frozenset())
        for name in before - consulted_names:
            self._dependents[name].discard(record_id)
            if not self._dependents[name]:
                del self._dependents[name]
        for name in consulted_names - before:
            self._dependents[name].add(record_id)
        self._consulted_names[record_id] = consulted_names
