"""A primary server of one zone in this process: signed queries and updates (RFC 2136 §3), as Knot and BIND do them.

It checks signatures with dnspython. As they do, it answers NOERROR to a CNAME beside other data and leaves it out.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.tsig
import dns.update
import dns.zone
from dns.message import Message
from dns.name import Name
from dns.rcode import Rcode
from dns.rdatatype import RdataType
from dns.rrset import RRset

from dcvd.config import SocketAddress
from tests.dns.knot import whole


class UpdateServer:
    """`spoil` changes the bytes of an answer before they go out."""

    def __init__(self, zone: str, text: str, key: dns.tsig.Key) -> None:
        self.zone = dns.zone.from_text("$TTL 60\n" + whole(zone, text), origin=f"{zone}.", relativize=False)
        self._origin = dns.name.from_text(zone)
        self._key = key
        self.address = SocketAddress("127.0.0.1", 0)
        self.forbidden = False
        self.silent = False
        self.tsig_error: Rcode | None = None
        self.refuses_changes = False
        self.spoil: Callable[[bytes], bytes] = lambda wire: wire
        self.connections = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["UpdateServer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = SocketAddress(*server.sockets[0].getsockname())
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                wire = await reader.readexactly(length)
                if self.silent:
                    continue
                answer = self.spoil(self._answer(wire))
                writer.write(struct.pack("!H", len(answer)) + answer)
        except (EOFError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.transport.abort()

    def _answer(self, wire: bytes) -> bytes:
        try:
            message = dns.message.from_wire(wire, keyring={self._key.name: self._key})
        except dns.tsig.BadSignature:
            return self._unauthenticated(wire, Rcode.BADSIG)
        except dns.message.UnknownTSIGKey:
            return self._unauthenticated(wire, Rcode.BADKEY)
        if self.tsig_error is not None:
            return self._unauthenticated(wire, self.tsig_error)
        response = dns.message.make_response(message)
        if not message.had_tsig or self.forbidden:
            response.set_rcode(Rcode.REFUSED)
        elif isinstance(message, dns.update.UpdateMessage):
            response.set_rcode(Rcode.REFUSED if self.refuses_changes and message.update else self._update(message))
        else:
            self._query(message, response)
        return response.to_wire()

    def _unauthenticated(self, wire: bytes, error: Rcode) -> bytes:
        message = dns.message.from_wire(wire, keyring=False)
        response = dns.message.make_response(message)
        response.set_rcode(Rcode.NOTAUTH)
        response.use_tsig(self._key, tsig_error=error)
        return response.to_wire()

    def _query(self, message: Message, response: Message) -> None:
        question = message.question[0]
        if not question.name.is_subdomain(self._origin):
            response.set_rcode(Rcode.REFUSED)
            return
        name = question.name
        for cut, servers in self.zone.iterate_rdatasets(RdataType.NS):
            if cut != self._origin and name.is_subdomain(cut):
                response.authority.append(_rrset(cut, servers))
                return
        response.flags |= dns.flags.AA
        if self.zone.get_node(name) is None:
            name = dns.name.Name((b"*", *question.name.labels[1:]))
        if self.zone.get_node(name) is None:
            response.set_rcode(Rcode.NXDOMAIN)
            return
        found = self.zone.get_rdataset(name, question.rdtype) or self.zone.get_rdataset(name, RdataType.CNAME)
        if found is not None:
            response.answer.append(_rrset(question.name, found))

    def _update(self, message: dns.update.UpdateMessage) -> Rcode:
        if message.zone[0].name != self._origin:
            return Rcode.NOTAUTH
        rcode = self._unmet(message.prerequisite)
        if rcode is not None:
            return rcode
        for change in message.update:
            if change.deleting == dns.rdataclass.ANY:
                self.zone.delete_rdataset(change.name, change.rdtype)
            elif not self._stands_beside(change):
                self.zone.find_rdataset(change.name, change.rdtype, create=True).add(change[0], change.ttl)
        for change in message.update:
            if not self.zone.find_node(change.name, create=True).rdatasets:
                self.zone.delete_node(change.name)
        return Rcode.NOERROR

    def _unmet(self, prerequisites: list[RRset]) -> Rcode | None:
        wanted: dict[tuple[Name, RdataType], dns.rdataset.Rdataset] = {}
        for condition in prerequisites:
            node = self.zone.get_node(condition.name)
            present = self.zone.get_rdataset(condition.name, condition.rdtype) is not None
            whole_name = condition.rdtype == RdataType.ANY
            match condition.deleting:
                case dns.rdataclass.ANY if whole_name and node is None:
                    return Rcode.NXDOMAIN
                case dns.rdataclass.ANY if not whole_name and not present:
                    return Rcode.NXRRSET
                case dns.rdataclass.NONE if whole_name and node is not None:
                    return Rcode.YXDOMAIN
                case dns.rdataclass.NONE if present:
                    return Rcode.YXRRSET
                case None:
                    key = (condition.name, condition.rdtype)
                    rdataset = wanted.setdefault(key, dns.rdataset.Rdataset(dns.rdataclass.IN, condition.rdtype))
                    rdataset.add(condition[0])
                case _:
                    pass  # it is met
        for (name, rdtype), rdataset in wanted.items():
            if self.zone.get_rdataset(name, rdtype) != rdataset:
                return Rcode.NXRRSET
        return None

    def _stands_beside(self, change: RRset) -> bool:
        """Whether it would be a CNAME beside other data, or other data beside a CNAME (RFC 2136 §3.4.2.2)."""
        node = self.zone.get_node(change.name)
        kinds = set() if node is None else {rdataset.rdtype for rdataset in node}
        if change.rdtype == RdataType.CNAME:
            return bool(kinds - {RdataType.CNAME})
        return RdataType.CNAME in kinds


def _rrset(name: Name, rdataset: dns.rdataset.Rdataset) -> RRset:
    rrset = RRset(name, rdataset.rdclass, rdataset.rdtype)
    for rdata in rdataset:
        rrset.add(rdata, rdataset.ttl)
    return rrset
