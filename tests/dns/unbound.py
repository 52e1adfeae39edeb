"""Unbound: a real validating resolver."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from dcvd.config import SocketAddress
from tests.dns.programs import free_address, program, running


@asynccontextmanager
async def unbound(
    directory: Path,
    stubs: Mapping[str, SocketAddress],
    *,
    trust_anchors: Collection[str] = (),
) -> AsyncIterator[SocketAddress]:
    """Resolves by asking the servers of `stubs` alone (zone → server); all other names are SERVFAIL.

    trust_anchors: DS or DNSKEY records. What is not below one of them is not signed for it.
    """
    daemon = program("unbound")
    address = free_address()
    home = directory / f"unbound-{address.port}"
    home.mkdir(parents=True)
    lines = [
        "server:",
        f"  directory: {home}",
        f"  interface: {address.host}@{address.port}",
        "  access-control: 127.0.0.0/8 allow",
        "  num-threads: 1",
        "  do-daemonize: no",
        '  username: ""',
        '  chroot: ""',
        '  pidfile: ""',
        "  use-syslog: no",
        "  do-not-query-localhost: no",
        "  do-ip6: no",
        '  module-config: "validator iterator"',
        *(f'  trust-anchor: "{anchor}"' for anchor in trust_anchors),
        *(f'  local-zone: "{zone}." nodefault' for zone in ("test", "invalid")),
        "remote-control:",
        "  control-enable: no",
    ]
    somebody = next(iter(stubs.values()))
    # The root is stubbed too: a server that refuses it ends a search that would leave the machine.
    for zone, server in {**stubs, ".": somebody}.items():
        lines += ["stub-zone:", f"  name: {zone}", f"  stub-addr: {server.host}@{server.port}"]
    configuration = home / "unbound.conf"
    configuration.write_text("\n".join(lines) + "\n")
    async with running([daemon, "-d", "-c", str(configuration)], home, address):
        yield address
