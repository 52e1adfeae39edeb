"""The fixture that serves zones keeps its word, on the sandbox and on Knot."""

from pathlib import Path

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode

from dcvd.config import SocketAddress
from tests.dns.knot import knot, trust_anchor
from tests.dns.served import TARGET, Serve
from tests.dns.unbound import unbound


async def test_a_zone_is_served_and_looked_at(serve: Serve) -> None:
    served = await serve({"customer.test": "app CNAME edge.sandbox.test."})
    assert (await served.look()).chain == (TARGET,)


async def _ask(address: SocketAddress, name: str, rdtype: str = "A", *, unchecked: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, rdtype)
    query.flags |= dns.flags.AD | (dns.flags.CD if unchecked else 0)
    return await dns.asyncquery.udp(query, address.host, port=address.port, timeout=60)


async def test_knot_serves_refuses_fails_and_truncates(tmp_path: Path) -> None:
    zones = {"customer.test": "app CNAME edge.sandbox.test.", "tc.test": "app A 192.0.2.1"}
    async with knot(tmp_path, zones, broken=["broken.test"], truncating=["tc.test"]) as address:
        assert (await _ask(address, "app.customer.test")).answer
        assert (await _ask(address, "other.test")).rcode() == dns.rcode.REFUSED
        assert (await _ask(address, "app.broken.test")).rcode() == dns.rcode.SERVFAIL
        assert (await _ask(address, "app.tc.test")).flags & dns.flags.TC


async def test_unbound_validates_what_knot_signs(tmp_path: Path) -> None:
    zones = {"signed.test": "app A 192.0.2.1", "bogus.test": "app A 192.0.2.1"}
    async with knot(tmp_path, zones, signed=["signed.test", "bogus.test"]) as server:
        good = await trust_anchor("signed.test", server)
        bad = good.replace("signed.test", "bogus.test")
        async with unbound(tmp_path, dict.fromkeys(zones, server), trust_anchors=[good, bad]) as resolver:
            assert (await _ask(resolver, "app.signed.test")).flags & dns.flags.AD
            assert (await _ask(resolver, "app.bogus.test")).rcode() == dns.rcode.SERVFAIL
            assert (await _ask(resolver, "app.bogus.test", unchecked=True)).answer
