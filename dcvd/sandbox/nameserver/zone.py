"""Keep the DNS data of every name, with wildcards (RFC 4592), and follow CNAME chains (RFC 1034 §4.3.2)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import msgspec
from dns.name import Name
from dns.rdataset import Rdataset
from dns.rdatatype import RdataType
from dns.rrset import RRset

NEGATIVE_TTL: Final = 1
MAX_CHAIN: Final = 16

_RdatasetMap = Mapping[RdataType, Rdataset]
_WILDCARD: Final = Name(["*"])


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a query.

    final_name: the name at the end of the chain. consulted_names: the answer stays the same until one of these names is
    added, removed or changed.
    """

    rcode: dns.rcode.Rcode
    answer: tuple[RRset, ...]
    final_name: Name
    consulted_names: frozenset[Name]

    @property
    def chain(self) -> tuple[Name, ...]:
        """The targets of the CNAMEs in the answer, in order."""
        return tuple(rrset[0].target for rrset in self.answer if rrset.rdtype is RdataType.CNAME)

    @property
    def texts(self) -> frozenset[str]:
        """The values of the TXT records in the answer, each with its strings joined."""
        return frozenset(
            b"".join(rdata.strings).decode("latin-1")
            for rrset in self.answer
            if rrset.rdtype is RdataType.TXT
            for rdata in rrset
        )


class ZoneData:
    """DNS data that is authoritative for everything. A name may hold contradictory data, to try out broken zones."""

    def __init__(self) -> None:
        self._rdatasets: dict[Name, dict[RdataType, Rdataset]] = {}
        # How many sets are at each name or below it; a name exists while that is not 0.
        self._descendant_counts: Counter[Name] = Counter()

    def put(self, name: Name, rdataset: Rdataset) -> frozenset[Name]:
        """Store a set, in place of any other of that name and type; return the names that were added or changed."""
        node = self._rdatasets.setdefault(name, {})
        is_new = rdataset.rdtype not in node
        node[rdataset.rdtype] = rdataset
        return frozenset({name}) | (self._count(name, 1) if is_new else frozenset())

    def drop(self, name: Name, rdtype: RdataType) -> frozenset[Name] | None:
        """Remove the set of that name and type; return the changed or removed names, None if there is no such set."""
        node = self._rdatasets.get(name)
        if node is None or rdtype not in node:
            return None
        del node[rdtype]
        if not node:
            del self._rdatasets[name]
        return frozenset({name}) | self._count(name, -1)

    def records(self) -> Iterator[tuple[Name, Rdataset]]:
        for name, node in self._rdatasets.items():
            for rdataset in node.values():
                yield name, rdataset

    def resolve(self, qname: Name, rdtype: RdataType) -> Resolution:
        """Return the answer that a resolver would get. A chain that loops or has more than 16 links is cut off."""
        answer: list[RRset] = []
        consulted: set[Name] = set()
        name = qname
        visited: set[Name] = set()
        while True:
            visited.add(name)
            node = self._find(name, consulted)
            if node is None:
                return _build_resolution(dns.rcode.NXDOMAIN, answer, name, consulted)
            rdatasets = list(node.values()) if rdtype is RdataType.ANY else [node[rdtype]] if rdtype in node else []
            cname = node.get(RdataType.CNAME)
            if rdatasets or cname is None:
                answer += [dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset)) for rdataset in rdatasets]
                return _build_resolution(dns.rcode.NOERROR, answer, name, consulted)
            answer.append(dns.rrset.from_rdata_list(name, cname.ttl, list(cname)))
            name = cname[0].target
            if name in visited or len(visited) > MAX_CHAIN:
                return _build_resolution(dns.rcode.NOERROR, answer, name, consulted)

    def find_soa(self, name: Name) -> RRset:
        """Return the SOA for a negative answer.

        The nearest name, at or above this one, that has SOA or NS is the apex of the zone; without any, the last two
        labels are taken for it. An apex without an SOA gets one that is made up.
        """
        for ancestor in iterate_ancestors(name):
            node = self._rdatasets.get(ancestor, {})
            if RdataType.SOA in node:
                soa = node[RdataType.SOA]
                return dns.rrset.from_rdata_list(ancestor, min(soa.ttl, NEGATIVE_TTL), list(soa))
            if RdataType.NS in node:
                return _synthesize_soa(ancestor)
        return _synthesize_soa(dns.name.Name(name.labels[-3:]))

    def _find(self, name: Name, consulted_names: set[Name]) -> _RdatasetMap | None:
        """Return the data at a name; if nothing is at or below it, that of the wildcard that covers it.

        Without such a wildcard the name does not exist: None.
        """
        consulted_names.add(name)
        if name in self._rdatasets:
            return self._rdatasets[name]
        if self._descendant_counts[name]:
            return {}
        for encloser in iterate_ancestors(name):
            consulted_names.add(encloser)
            if self._descendant_counts[encloser] or encloser == dns.name.root:
                wildcard = _WILDCARD.concatenate(encloser)
                consulted_names.add(wildcard)
                return self._rdatasets.get(wildcard)
        return None

    def _count(self, name: Name, change: int) -> frozenset[Name]:
        """Add `change` to the counts of a name and all names above it; return those that began or ceased to exist."""
        changed_names = set()
        for ancestor in iterate_ancestors(name):
            before = self._descendant_counts[ancestor]
            self._descendant_counts[ancestor] = before + change
            if not before or not before + change:
                changed_names.add(ancestor)
            if not before + change:
                del self._descendant_counts[ancestor]
        return frozenset(changed_names)


def iterate_ancestors(name: Name) -> Iterator[Name]:
    """Yield the name, then every name above it, the root last."""
    while True:
        yield name
        if name == dns.name.root:
            return
        name = name.parent()


def _build_resolution(
    rcode: dns.rcode.Rcode, answer: list[RRset], final_name: Name, consulted_names: set[Name]
) -> Resolution:
    return Resolution(
        rcode=rcode, answer=tuple(answer), final_name=final_name, consulted_names=frozenset(consulted_names)
    )


def _synthesize_soa(owner: Name) -> RRset:
    return dns.rrset.from_text(
        owner,
        NEGATIVE_TTL,
        dns.rdataclass.IN,
        RdataType.SOA,
        f"ns.sandbox.test. hostmaster.sandbox.test. 1 3600 600 86400 {NEGATIVE_TTL}",
    )
