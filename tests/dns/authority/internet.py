"""An internet on loopback: a resolver, a parent zone's servers and a customer's, each as a test scripts it."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from ipaddress import IPv4Network

import dns.rcode
from dns.message import Message
from msgspec.structs import replace

from dcvd.config import Config, SocketAddress
from dcvd.core.dns.facts import DnsCheckRequest, DnsFacts
from dcvd.dns import DnsObserver
from dcvd.dns.queries.reachability import Reachability
from tests.dns.conftest import SHORT
from tests.dns.scripted import Script, Scripted, answer, referral, scripted
from tests.dns.served import TARGET

HOSTNAME = "app.customer.test"
PARENT, CHILD, CHILD_TOO, RESOLVER = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"
SOA = "{zone} 60 SOA ns.{zone}. a.{zone}. 7 3600 600 86400 60"


class Internet:
    """Servers on addresses of loopback that share a port, as real ones share 53."""

    resolver: Scripted

    def __init__(self, config: Config, stack: AsyncExitStack, port: int) -> None:
        dns_config = replace(
            config.dns, authoritative=True, timeout=SHORT, resolvers=(SocketAddress(RESOLVER, port),), stub_zones={}
        )
        self._stack = stack
        self._port = port
        # On loopback, name servers have neither public addresses nor port 53.
        reachability = Reachability(
            find_ipv6_route=lambda: False, allow_private=(IPv4Network("127.0.0.0/8"),), port=port
        )
        self.observer = DnsObserver(replace(config, dns=dns_config), reachability=reachability)
        self.known = {"ns.nic.test": PARENT, "ns1.provider.test": CHILD, "ns2.provider.test": CHILD_TOO}
        self.nameservers = {"test": ["ns.nic.test."]}
        self.is_silent_about: str | None = None

    async def serve(self, host: str, script: Script) -> Scripted:
        return await self._stack.enter_async_context(scripted(script, address=SocketAddress(host, self._port)))

    def at(self, host: str) -> str:
        """An address as facts show it."""
        return f"{host}:{self._port}"

    def resolve(self, query: Message) -> Message:
        """The resolver: it knows the parent's name server and the addresses of name servers."""
        name, rdtype = asked(query)
        records = []
        if name == self.is_silent_about:
            response = answer(query)
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        if rdtype == "NS":
            records = [f"{name} 60 NS {server}" for server in self.nameservers.get(name, [])]
        if rdtype == "A" and name in self.known:
            records = [f"{name} 60 A {self.known[name]}"]
        if rdtype == "CNAME" and name == HOSTNAME:
            records = [f"{name} 60 CNAME old.vendor.test."]
        return answer(query, *records, authority=[] if records else [SOA.format(zone="test")])

    async def look(self, hostname: str = HOSTNAME, *, thorough: bool = False) -> DnsFacts:
        question = DnsCheckRequest(hostname=hostname, target=TARGET, is_thorough=thorough)
        return (await self.observer.observe(question)).facts


def asked(query: Message) -> tuple[str, str]:
    return query.question[0].name.to_text(omit_final_dot=True), query.question[0].rdtype.name


def right(query: Message) -> Message:
    """The customer's zone, with the right record."""
    name, rdtype = asked(query)
    if rdtype == "NS" and name == "customer.test":
        return answer(query, f"{name} 60 NS ns1.provider.test.")
    if rdtype == "CNAME" and name == HOSTNAME:
        return answer(query, f"{name} 60 CNAME {TARGET}.")
    return answer(query, authority=[SOA.format(zone="customer.test")])


def refers(*nameservers: str, cut: str = "customer.test", glue: tuple[str, ...] = ()) -> Callable[[Message], Message]:
    return lambda query: referral(query, cut, nameservers, glue)


def leads_to(target: str) -> Script:
    """The customer's zone, with a CNAME that answers for all types, as it has to."""

    def serve(query: Message) -> Message:
        return answer(query, f"{HOSTNAME} 60 CNAME {target}.") if asked(query)[0] == HOSTNAME else right(query)

    return serve
