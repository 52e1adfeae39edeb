"""Dynamic updates, against a server of ours and, where they are installed, Knot and BIND."""

import base64
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from msgspec.structs import replace

from dcvd.config import SocketAddress
from dcvd.core.connections.credentials import TsigKey
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import Permanent, RecordConflict, Unauthorized
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.providers.rfc2136.key import build_key
from dcvd.providers.rfc2136.records import Rfc2136Records
from dcvd.providers.rfc2136.server import UpdateServers
from tests.dns.knot import knot
from tests.dns.named import named
from tests.providers.rfc2136.server import UpdateServer

ZONE = Zone(id="customer.test", name="customer.test")
TEXT = """
    www 120 A 192.0.2.1
    www 120 A 192.0.2.2
    mail 90 MX 10 MX.Elsewhere.Test.
    old 30 CNAME Old.Elsewhere.Example.
    *.wild A 192.0.2.9
    cut NS ns.elsewhere.test.
    notes TXT "One; two" "three"
"""
TARGET = ZoneRecord(type="CNAME", name="app.customer.test", value="edge.example.net")
LOOPBACK = UpdateServers(EgressPolicy(allow_private=(IPv4Network("127.0.0.0/8"),)))


def tsig(port: int = 53, **changes: object) -> TsigKey:
    made = TsigKey(server="127.0.0.1", port=port, zone="customer.test", key_name="dcvd.", secret=Secret(_SECRET))
    return replace(made, **changes)


_SECRET = base64.b64encode(os.urandom(32)).decode()


@pytest.fixture(params=["ours", "knot", "bind"])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SocketAddress]:
    async with AsyncExitStack() as stack:
        match request.param:
            case "ours":
                server = UpdateServer("customer.test", TEXT, build_key(tsig()))
                yield (await stack.enter_async_context(server.serving())).address
            case "knot":
                yield await stack.enter_async_context(knot(tmp_path, {"customer.test": TEXT}, updates=tsig()))
            case _:
                yield await stack.enter_async_context(named(tmp_path, "customer.test", TEXT, updates=tsig()))


@pytest.fixture
def records(address: SocketAddress) -> Rfc2136Records:
    return Rfc2136Records(tsig(address.port), LOOPBACK, "org_a")


async def values(records: Rfc2136Records, name: str) -> list[tuple[str, str, int | None]]:
    return sorted((each.type, each.value, each.ttl) for each in await records.read(ZONE, name))


async def test_a_record_is_written_read_back_and_taken_out_again(records: Rfc2136Records) -> None:
    assert await records.check_credentials() == "customer.test"
    assert await records.read(ZONE, TARGET.name) == []
    await records.change(ZONE, [], [TARGET])
    found = await records.read(ZONE, TARGET.name)
    assert [(each.type, each.name, each.value, each.ttl) for each in found] == [
        ("CNAME", "app.customer.test", "edge.example.net", 300)
    ]
    await records.change(ZONE, found, [])
    assert await records.read(ZONE, TARGET.name) == []


async def test_what_was_replaced_is_put_back_exactly_with_its_ttl(records: Rfc2136Records) -> None:
    before = await records.read(ZONE, "www.customer.test")
    assert [(each.type, each.value, each.ttl) for each in before] == [("A", "192.0.2.1", 120), ("A", "192.0.2.2", 120)]
    ours = replace(TARGET, name="www.customer.test")
    await records.change(ZONE, before, [ours])
    assert await values(records, "www.customer.test") == [("CNAME", "edge.example.net", 300)]
    await records.change(ZONE, [ours], before)
    assert await records.read(ZONE, "www.customer.test") == before
    # A name is put back as its owner spelled it, although it is shown in lower case.
    old = await records.read(ZONE, "old.customer.test")
    assert [(each.value, each.ttl) for each in old] == [("old.elsewhere.example", 30)]
    ours = replace(TARGET, name="old.customer.test")
    await records.change(ZONE, old, [ours])
    await records.change(ZONE, [ours], old)
    assert await records.read(ZONE, "old.customer.test") == old


async def test_an_address_added_meanwhile_keeps_the_name_as_it_is(records: Rfc2136Records) -> None:
    await records.change(ZONE, [], [replace(TARGET, type="A", value="192.0.2.7")])
    with pytest.raises(RecordConflict) as changed:
        await records.change(ZONE, [], [TARGET])
    assert changed.value.code == "record_conflict"
    was = ZoneRecord(type="A", name=TARGET.name, value="192.0.2.6")
    with pytest.raises(RecordConflict) as changed:
        await records.change(ZONE, [was], [TARGET])
    assert changed.value.code == "record_conflict"
    assert await values(records, TARGET.name) == [("A", "192.0.2.7", 300)]


async def test_a_cname_beside_an_address_is_a_success_that_the_next_read_belies(records: Rfc2136Records) -> None:
    both = [replace(TARGET, type="A", value="192.0.2.7"), replace(TARGET, type="TXT", value='"a text"')]
    await records.change(ZONE, [], both)
    # The address is taken out as it was read; of the text nobody knew.
    await records.change(ZONE, both[:1], [TARGET])
    assert await values(records, TARGET.name) == [("TXT", '"a text"', 300)]


async def test_a_wildcards_answer_is_not_taken_for_a_record(records: Rfc2136Records) -> None:
    assert await records.read(ZONE, "app.wild.customer.test") == []
    await records.change(ZONE, [], [replace(TARGET, name="app.wild.customer.test")])
    assert await values(records, "app.wild.customer.test") == [("CNAME", "edge.example.net", 300)]


async def test_every_type_is_told_as_a_person_writes_it(records: Rfc2136Records) -> None:
    assert await values(records, "mail.customer.test") == [("MX", "10 mx.elsewhere.test", 90)]
    assert await values(records, "notes.customer.test") == [("TXT", '"One; two" "three"', 60)]
    assert await values(records, "cut.customer.test") == [("NS", "ns.elsewhere.test", 60)]
    assert {each.type for each in await records.read(ZONE, "customer.test")} == {"NS"}


async def test_a_key_that_is_not_the_servers_is_refused_everywhere(address: SocketAddress) -> None:
    other = base64.b64encode(os.urandom(32)).decode()
    for wrong in (tsig(address.port, secret=Secret(other)), tsig(address.port, key_name="nobody.")):
        records = Rfc2136Records(wrong, LOOPBACK, "org_a")
        for call in (
            records.check_credentials(),
            records.read(ZONE, "www.customer.test"),
            records.change(ZONE, [], [TARGET]),
        ):
            with pytest.raises(Unauthorized) as refused:
                await call
            assert refused.value.code == "provider_unauthorized"
            assert other not in refused.value.message


@pytest.mark.parametrize("address", ["knot", "bind"], indirect=True)
async def test_a_type_that_the_key_may_not_change_is_refused(records: Rfc2136Records) -> None:
    mx = await records.read(ZONE, "mail.customer.test")
    with pytest.raises((Unauthorized, Permanent)) as refused:
        await records.change(ZONE, mx, [])
    # Knot does not tell this from a key that it does not know.
    assert refused.value.code in ("provider_unauthorized", "provider_refused")
    assert await records.read(ZONE, "mail.customer.test") == mx
