"""Name servers that are a tenant's choice: what they may make us dial, and what is believed of them."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable
from ipaddress import IPv4Network

import dns.message
import dns.rcode
import pytest
from dns.rcode import Rcode
from msgspec.structs import replace

from dcvd.core.connections.credentials import TsigKey
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import InvalidInput, Permanent, RemoteError, Retryable, Unauthorized
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.providers.rfc2136.key import build_key
from dcvd.providers.rfc2136.records import Rfc2136Records
from dcvd.providers.rfc2136.server import MAX_LOOKUPS, UpdateServers
from tests.providers.rfc2136.server import UpdateServer
from tests.system_names import Resolver
from tests.waiting import until

ZONE = Zone(id="customer.test", name="customer.test")
TARGET = ZoneRecord(type="CNAME", name="app.customer.test", value="edge.example.net")
SECRET = base64.b64encode(os.urandom(32)).decode()
TSIG = TsigKey(server="127.0.0.1", zone="customer.test", key_name="dcvd.", secret=Secret(SECRET))
LOOPBACK = UpdateServers(EgressPolicy(allow_private=(IPv4Network("127.0.0.0/8"),)))
PUBLIC = UpdateServers(EgressPolicy())


@pytest.fixture
async def server() -> AsyncIterator[UpdateServer]:
    async with UpdateServer("customer.test", "www A 192.0.2.1\ncut NS ns.test.", build_key(TSIG)).serving() as running:
        yield running


@pytest.fixture
def records(server: UpdateServer) -> Rfc2136Records:
    return Rfc2136Records(replace(TSIG, port=server.address.port), LOOPBACK, "org_a")


def unsigned(rcode: Rcode) -> Callable[[bytes], bytes]:
    def spoil(wire: bytes) -> bytes:
        message = dns.message.from_wire(wire, keyring=False)
        message.tsig = None
        message.set_rcode(rcode)
        return message.to_wire()

    return spoil


@pytest.mark.parametrize("rcode", [Rcode.NOERROR, Rcode.REFUSED, Rcode.NOTAUTH, Rcode.FORMERR, Rcode.YXDOMAIN])
async def test_what_is_not_signed_is_a_refusal_whatever_it_says(
    server: UpdateServer, records: Rfc2136Records, rcode: Rcode
) -> None:
    server.spoil = unsigned(rcode)
    with pytest.raises(Unauthorized) as refused:
        await records.change(ZONE, [], [TARGET])
    assert refused.value.code == "provider_unauthorized"


async def test_an_answer_that_was_changed_on_its_way_is_not_believed(
    server: UpdateServer, records: Rfc2136Records
) -> None:
    server.spoil = lambda wire: wire[:3] + bytes([wire[3] ^ Rcode.REFUSED]) + wire[4:]
    with pytest.raises(Unauthorized):
        await records.change(ZONE, [], [TARGET])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda wire: b"",
        lambda wire: b"no DNS at all, but long enough",
        lambda wire: wire + bytes(20_000),
        lambda wire: wire[:4] + b"\xff\xff" * 4 + wire[12:],
        unsigned(Rcode.SERVFAIL),
    ],
    ids=["empty", "no message", "too long", "too many records", "unsigned SERVFAIL"],
)
async def test_what_is_no_answer_is_tried_again(
    server: UpdateServer, records: Rfc2136Records, spoil: Callable[[bytes], bytes]
) -> None:
    server.spoil = spoil
    with pytest.raises(Retryable) as failed:
        await records.check_credentials()
    assert failed.value.code == "provider_unavailable"


async def test_clocks_that_differ_are_named_and_no_reason_to_connect_anew(
    server: UpdateServer, records: Rfc2136Records
) -> None:
    server.tsig_error = Rcode.BADTIME
    with pytest.raises(Retryable) as failed:
        await records.check_credentials()
    assert failed.value.code == "clocks_differ"


async def test_a_server_that_never_answers_costs_the_deadline(server: UpdateServer) -> None:
    server.silent = True
    records = Rfc2136Records(replace(TSIG, port=server.address.port), LOOPBACK, "org_a", deadline_s=0.05)
    with pytest.raises(Retryable) as failed:
        await records.check_credentials()
    assert failed.value.code == "provider_unavailable"


async def test_the_dead_names_of_one_organization_leave_the_others_their_lookups(
    server: UpdateServer, resolver: Resolver
) -> None:
    resolver.silent_names = {f"dead{number}.example" for number in range(MAX_LOOKUPS)}
    resolver.answers["alive.example"] = [["127.0.0.1"]]
    servers = UpdateServers(LOOPBACK.policy)

    async def are_all_asked() -> bool:
        return len(resolver.asked) == MAX_LOOKUPS

    calls = [
        asyncio.create_task(Rfc2136Records(replace(TSIG, server=name), servers, "org_dead").check_credentials())
        for name in resolver.silent_names
    ]
    await until(are_all_asked)
    for call in calls:
        call.cancel()  # the lookups go on
    await asyncio.wait(calls)
    alive = replace(TSIG, server="alive.example", port=server.address.port)
    # Silence lasts five seconds.
    assert await Rfc2136Records(alive, servers, "org_alive", deadline_s=4).check_credentials() == "customer.test"


async def test_a_server_that_is_not_there_is_tried_again(server: UpdateServer, records: Rfc2136Records) -> None:
    async with UpdateServer("customer.test", "", build_key(TSIG)).serving() as gone:
        port = gone.address.port
    with pytest.raises(Retryable) as failed:
        await Rfc2136Records(replace(TSIG, port=port), LOOPBACK, "org_a").check_credentials()
    assert failed.value.code == "provider_unavailable"


async def test_a_key_that_is_known_but_may_not_update_is_told_so(server: UpdateServer, records: Rfc2136Records) -> None:
    server.forbidden = True
    with pytest.raises(Permanent) as refused:
        await records.change(ZONE, [], [TARGET])
    assert refused.value.code == "provider_refused"


async def test_a_server_of_another_zone_is_no_connection(server: UpdateServer) -> None:
    elsewhere = Rfc2136Records(replace(TSIG, port=server.address.port, zone="cut.customer.test"), LOOPBACK, "org_a")
    with pytest.raises(Permanent) as refused:
        await elsewhere.check_credentials()
    assert refused.value.code == "zone_not_held"


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("127.0.0.1", 53),
        ("localhost", 53),
        ("10.1.2.3", 53),
        ("169.254.169.254", 53),
        ("::1", 53),
        ("::ffff:127.0.0.1", 53),
        ("0x7f.1", 53),
        ("203.0.114.1", 22),
    ],
)
async def test_an_address_that_no_tenant_may_name_is_not_dialled(host: str, port: int) -> None:
    with pytest.raises(Permanent) as refused:
        await Rfc2136Records(replace(TSIG, server=host, port=port), PUBLIC, "org_a").check_credentials()
    assert refused.value.code == "address_refused"
    assert "127." not in refused.value.message.replace(host, "")


async def test_the_port_of_a_server_on_loopback_is_not_tried_without_leave(server: UpdateServer) -> None:
    with pytest.raises(Permanent):
        await Rfc2136Records(replace(TSIG, port=server.address.port), PUBLIC, "org_a").check_credentials()
    assert server.connections == 0


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("algorithm", {"algorithm": "hmac-md5"}),
        ("algorithm", {"algorithm": "hmac-sha1"}),
        ("secret", {"secret": Secret("not base64!")}),
        ("secret", {"secret": Secret("c2hvcnQ=")}),
        ("keyName", {"key_name": ""}),
        ("keyName", {"key_name": "a..b"}),
        ("zone", {"zone": "x" * 300}),
        ("zone", {"zone": "."}),
    ],
)
def test_credentials_that_cannot_be_used_name_their_field(field: str, change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as refused:
        Rfc2136Records(replace(TSIG, **change), PUBLIC, "org_a")
    assert refused.value.field == field
    assert "not base64!" not in refused.value.message


async def test_only_names_in_the_zone_of_the_credentials_are_its_own(records: Rfc2136Records) -> None:
    for name in ("a.b.customer.test", "customer.test"):
        assert await records.find_zone(name) == replace(ZONE, nameservers=("ns.customer.test",))
    assert await records.find_zone("notcustomer.test") is None
    assert await records.find_zone("test") is None
    with pytest.raises(Permanent):
        await records.read(ZONE, "app.notcustomer.test")
    with pytest.raises(Permanent):
        await records.change(ZONE, [], [replace(TARGET, name="app.elsewhere.test")])


async def test_what_stands_below_a_delegation_is_not_ours_to_change(records: Rfc2136Records) -> None:
    with pytest.raises(RemoteError):
        await records.change(ZONE, [], [replace(TARGET, name="customer.test")])
    (cut,) = await records.read(ZONE, "cut.customer.test")
    assert (cut.type, cut.value) == ("NS", "ns.test")


async def test_no_failure_shows_the_key(server: UpdateServer, records: Rfc2136Records) -> None:
    server.spoil = unsigned(Rcode.REFUSED)
    try:
        await records.check_credentials()
    except Unauthorized as error:
        chain: BaseException | None = error
        while chain is not None:
            assert SECRET not in repr(chain)
            chain = chain.__cause__ or chain.__context__
    else:
        pytest.fail("it was refused")
