"""The DNS data: every name below the root, exact and wildcard (RFC 4592), CNAME chains followed (RFC 1034 §4.3.2)."""

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

_Node = Mapping[RdataType, Rdataset]
_WILDCARD: Final = Name(["*"])


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """An answer; `last` is the name at the chain's end, `consulted` all names whose coming or going could change it."""

    rcode: dns.rcode.Rcode
    answer: tuple[RRset, ...]
    last: Name
    consulted: frozenset[Name]

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


class Zone:
    """Authoritative for everything. A name may hold contradictory data (CNAME and others): broken zones are a use."""

    def __init__(self) -> None:
        self._nodes: dict[Name, dict[RdataType, Rdataset]] = {}
        self._population: Counter[Name] = Counter()

    def put(self, name: Name, rdataset: Rdataset) -> frozenset[Name]:
        """Replace the set of that name and type; returns the names that came, went or changed with it."""
        node = self._nodes.setdefault(name, {})
        fresh = rdataset.rdtype not in node
        node[rdataset.rdtype] = rdataset
        return frozenset({name}) | (self._count(name, 1) if fresh else frozenset())

    def drop(self, name: Name, rdtype: RdataType) -> frozenset[Name] | None:
        """Remove the set of that name and type; None where there is none, else as `put`."""
        node = self._nodes.get(name)
        if node is None or rdtype not in node:
            return None
        del node[rdtype]
        if not node:
            del self._nodes[name]
        return frozenset({name}) | self._count(name, -1)

    def records(self) -> Iterator[tuple[Name, Rdataset]]:
        for name, node in self._nodes.items():
            for rdataset in node.values():
                yield name, rdataset

    def resolve(self, qname: Name, rdtype: RdataType) -> Resolution:
        """What a resolver would be told. A loop, or more than 16 links, ends the chain where it stands."""
        answer: list[RRset] = []
        consulted: set[Name] = set()
        name = qname
        visited: set[Name] = set()
        while True:
            visited.add(name)
            node = self._find(name, consulted)
            if node is None:
                return _resolution(dns.rcode.NXDOMAIN, answer, name, consulted)
            found = list(node.values()) if rdtype is RdataType.ANY else [node[rdtype]] if rdtype in node else []
            cname = node.get(RdataType.CNAME)
            if found or cname is None:
                answer += [dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset)) for rdataset in found]
                return _resolution(dns.rcode.NOERROR, answer, name, consulted)
            answer.append(dns.rrset.from_rdata_list(name, cname.ttl, list(cname)))
            name = cname[0].target
            if name in visited or len(visited) > MAX_CHAIN:
                return _resolution(dns.rcode.NOERROR, answer, name, consulted)

    def authority(self, name: Name) -> RRset:
        """The SOA that goes with a negative answer: the nearest one set, else one made up for the likely zone cut."""
        for ancestor in ancestors(name):
            node = self._nodes.get(ancestor, {})
            if RdataType.SOA in node:
                soa = node[RdataType.SOA]
                return dns.rrset.from_rdata_list(ancestor, min(soa.ttl, NEGATIVE_TTL), list(soa))
            if RdataType.NS in node:
                return _made_up_soa(ancestor)
        return _made_up_soa(dns.name.Name(name.labels[-3:]))

    def _find(self, name: Name, consulted: set[Name]) -> _Node | None:
        """The data at a name, by wildcard where nothing is at or below it; None for a name that does not exist."""
        consulted.add(name)
        if name in self._nodes:
            return self._nodes[name]
        if self._population[name]:
            return {}
        for encloser in ancestors(name):
            consulted.add(encloser)
            if self._population[encloser] or encloser == dns.name.root:
                wildcard = _WILDCARD.concatenate(encloser)
                consulted.add(wildcard)
                return self._nodes.get(wildcard)
        return None

    def _count(self, name: Name, change: int) -> frozenset[Name]:
        """Count a set in or out at the name and all above it; returns those that came into being or ceased to be."""
        turned = set()
        for ancestor in ancestors(name):
            before = self._population[ancestor]
            self._population[ancestor] = before + change
            if not before or not before + change:
                turned.add(ancestor)
            if not before + change:
                del self._population[ancestor]
        return frozenset(turned)


def ancestors(name: Name) -> Iterator[Name]:
    """The name, then every name above it, the root last."""
    while True:
        yield name
        if name == dns.name.root:
            return
        name = name.parent()


def _resolution(rcode: dns.rcode.Rcode, answer: list[RRset], last: Name, consulted: set[Name]) -> Resolution:
    return Resolution(rcode=rcode, answer=tuple(answer), last=last, consulted=frozenset(consulted))


def _made_up_soa(owner: Name) -> RRset:
    return dns.rrset.from_text(
        owner,
        NEGATIVE_TTL,
        dns.rdataclass.IN,
        RdataType.SOA,
        f"ns.sandbox.test. hostmaster.sandbox.test. 1 3600 600 86400 {NEGATIVE_TTL}",
    )
