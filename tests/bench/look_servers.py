"""The name servers of the look bench, in a process of their own: `python -m tests.bench.look_servers PORT`.

Those of `test`, two of a provider that has every customer's zone, and a resolver, each on an address of loopback.
Says `ready` when they listen, and for each line of its input how many queries have come.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from typing import Final

import uvloop
from dns.message import Message

from dcvd.config import SocketAddress
from tests.dns.scripted import answer, referral, scripted

PARENT: Final = "127.0.0.2"
CHILDREN: Final = ("127.0.0.3", "127.0.0.4")
RESOLVER: Final = "127.0.0.5"
TARGET: Final = "edge.saas.test"
_ADDRESSES: Final = {
    "ns.nic.test": PARENT,
    "ns1.provider.test": CHILDREN[0],
    "ns2.provider.test": CHILDREN[1],
    TARGET: "127.0.0.9",
}
_PROVIDER: Final = ("ns1.provider.test.", "ns2.provider.test.")


def _asked(query: Message) -> tuple[str, str]:
    return query.question[0].name.to_text(omit_final_dot=True), query.question[0].rdtype.name


def _soa(zone: str) -> list[str]:
    return [f"{zone} 3600 SOA ns1.provider.test. hostmaster.{zone}. 7 3600 600 86400 300"]


def _is_customers(name: str) -> bool:
    return name.startswith("www.")


def refer(query: Message) -> Message:
    """The servers of `test`: they refer to the provider."""
    zone = ".".join(_asked(query)[0].split(".")[-2:])
    glue = [f"{server} 86400 A {_ADDRESSES[server.rstrip('.')]}" for server in _PROVIDER]
    return referral(query, zone, _PROVIDER, glue)


def serve_zone(query: Message) -> Message:
    """The provider's servers: each zone holds one right CNAME."""
    name, rdtype = _asked(query)
    if _is_customers(name):
        chain = [f"{name} 300 CNAME {TARGET}."]
        return answer(query, *chain)
    if rdtype == "NS":
        return answer(query, *(f"{name} 3600 NS {server}" for server in _PROVIDER))
    return answer(query, authority=_soa(".".join(name.split(".")[-2:])))


def resolve(query: Message) -> Message:
    """The resolver."""
    name, rdtype = _asked(query)
    if _is_customers(name):
        return answer(query, f"{name} 300 CNAME {TARGET}.", authority=_soa("saas.test") if rdtype != "CNAME" else ())
    if (name, rdtype) == ("test", "NS"):
        return answer(query, "test 86400 NS ns.nic.test.")
    if rdtype == "A" and name in _ADDRESSES:
        return answer(query, f"{name} 86400 A {_ADDRESSES[name]}")
    return answer(query, authority=_soa(".".join(name.split(".")[-2:])))


async def _serve(port: int) -> None:
    scripts = {PARENT: refer, **dict.fromkeys(CHILDREN, serve_zone), RESOLVER: resolve}
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(scripted(script, address=SocketAddress(host, port)))
            for host, script in scripts.items()
        ]
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(sum(len(server.asked) for server in servers), flush=True)


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
