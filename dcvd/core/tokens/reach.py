"""The domains to which a token is limited."""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.dns.hostnames import is_within, normalise
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput

MAX_ENTRIES: Final = 100
_WILDCARD: Final = "*."
_MAX_ID_CHARS: Final = 100


class DomainReach(Struct, frozen=True, kw_only=True):
    """The domains that a caller may know of: those with some ids, with some names, and below some names.

    any_new_name: they may also ask about one that nobody has added, and add it, whatever its name.
    """

    ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    parents: frozenset[str] = frozenset()
    any_new_name: bool = False

    @property
    def entries(self) -> tuple[str, ...]:
        """The entries that make this reach."""
        return tuple(sorted((*self.ids, *self.names, *(f"{_WILDCARD}{parent}" for parent in self.parents))))

    def covers(self, domain_id: str | None, name: str | None) -> bool:
        """Whether a domain is one of them; None where its id or name is not known."""
        return domain_id in self.ids or (name is not None and self.covers_name(name))

    def covers_name(self, name: str) -> bool:
        """Whether every domain with this name is one of them."""
        return name in self.names or any(name != parent and is_within(name, parent) for parent in self.parents)

    def covers_all_of(self, other: "DomainReach") -> bool:
        """Whether it covers whatever another reach covers."""
        return (
            other.ids <= self.ids
            and all(self.covers_name(name) for name in other.names)
            and all(any(is_within(parent, own) for own in self.parents) for parent in other.parents)
        )


def parse_reach(entries: Sequence[str]) -> DomainReach:
    """Return the reach that valid entries make: ids (`dom_…`), names, and `*.` before a name for all below it."""
    ids = {entry for entry in entries if _is_id(entry)}
    parents = {entry.removeprefix(_WILDCARD) for entry in entries if entry.startswith(_WILDCARD)}
    names = {entry for entry in entries if entry not in ids and not entry.startswith(_WILDCARD)}
    return DomainReach(ids=frozenset(ids), names=frozenset(names), parents=frozenset(parents))


def validate_entries(
    entries: Sequence[str], *, allowed_tlds: Collection[str], field: str = "domains"
) -> tuple[str, ...]:
    """Return the entries in their normal form, each once. Raises InvalidInput."""
    if not entries:
        raise InvalidInput(field, word("reach_empty", field=field))
    if len(entries) > MAX_ENTRIES:
        raise InvalidInput(field, word("entries_too_many", field=field, count=len(entries), most=MAX_ENTRIES))
    return tuple(sorted({_normalise_entry(entry, allowed_tlds, field) for entry in entries}))


def _normalise_entry(entry: str, allowed_tlds: Collection[str], field: str) -> str:
    if _is_id(entry):
        if not 0 < len(entry) <= _MAX_ID_CHARS or not entry.isprintable() or "*" in entry:
            raise InvalidInput(field, word("reach_entry_unusable", entry=repr(entry[:100])))
        return entry
    is_wildcard = entry.startswith(_WILDCARD)
    name = normalise(entry.removeprefix(_WILDCARD), allowed_tlds=allowed_tlds, field=field)
    return f"{_WILDCARD}{name}" if is_wildcard else name


def _is_id(entry: str) -> bool:
    """Whether an entry is a domain's id: every hostname has a dot. Imported ids have forms of their own."""
    return "." not in entry
