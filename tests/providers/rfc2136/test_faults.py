"""What a primary server may answer, or do instead of answering, and where each has its place in the error tree."""

import asyncio
import base64
import os
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from ipaddress import IPv4Network
from typing import Any

import dns.flags
import dns.message
import dns.rrset
import dns.tsig
import pytest
from dns.rcode import Rcode
from msgspec.structs import replace

from dcvd.core.connections.credentials import TsigKey
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import Permanent, RecordConflict, RemoteError, Retryable, Unauthorized
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.providers.rfc2136.key import build_key
from dcvd.providers.rfc2136.records import Rfc2136Records
from dcvd.providers.rfc2136.server import UpdateServers
from tests.providers.rfc2136.server import UpdateServer

ZONE = Zone(id="customer.test", name="customer.test")
TARGET = ZoneRecord(type="CNAME", name="app.customer.test", value="edge.example.net")
TSIG = TsigKey(
    server="127.0.0.1",
    zone="customer.test",
    key_name="dcvd.",
    secret=Secret(base64.b64encode(os.urandom(32)).decode()),
)
LOOPBACK = UpdateServers(EgressPolicy(allow_private=(IPv4Network("127.0.0.0/8"),)))
KEY = build_key(TSIG)

Call = Callable[[Rfc2136Records], Coroutine[Any, Any, object]]
CALLS: dict[str, Call] = {
    "check": lambda records: records.check_credentials(),
    "read": lambda records: records.read(ZONE, "www.customer.test"),
    "change": lambda records: records.change(ZONE, [], [TARGET]),
}
EACH_CALL = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


class AnsweringServer(UpdateServer):
    """An update server whose signed answers to updates, or to queries, have another rcode or other flags.

    `flag` is turned over in the answers to queries, and `question` names what they say they were asked for.
    `slow_by_s`: the seconds by which the clock that signs those answers is slow.
    """

    def __init__(self) -> None:
        super().__init__("customer.test", "www A 192.0.2.1\nold TYPE65280 \\# 1 00", KEY)
        self.update_rcode: Rcode | None = None
        self.query_rcode: Rcode | None = None
        self.flag = 0
        self.question: str | None = None
        self.slow_by_s = 0

    def _answer(self, wire: bytes) -> bytes:
        message = dns.message.from_wire(wire, keyring={KEY.name: KEY})
        updates = message.opcode() == dns.opcode.UPDATE
        rcode = self.update_rcode if updates else self.query_rcode
        if rcode is None and (updates or not (self.flag or self.question or self.slow_by_s)):
            return super()._answer(wire)
        response = dns.message.make_response(message)
        if rcode is None:
            self._query(message, response)
            response.flags ^= self.flag
        else:
            response.set_rcode(rcode)
        if self.question is not None:
            response.question = dns.message.make_query(self.question, "SOA").question
        return signed_at(response, int(time.time()) - self.slow_by_s)


@pytest.fixture
async def server() -> AsyncIterator[AnsweringServer]:
    made = AnsweringServer()
    async with made.serving():
        yield made


@pytest.fixture
def records(server: AnsweringServer) -> Rfc2136Records:
    return Rfc2136Records(replace(TSIG, port=server.address.port), LOOPBACK, "org_a")


async def refusal(call: Awaitable[object]) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await call
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("rcode", "kind", "code", "says"),
    [
        (Rcode.REFUSED, Permanent, "provider_refused", "does not let it do this in customer.test (REFUSED)"),
        (Rcode.NOTAUTH, Permanent, "zone_not_held", "is not a primary server of the zone customer.test"),
        (Rcode.NOTZONE, Permanent, "zone_not_held", "is not a primary server of the zone customer.test"),
        (Rcode.NOTIMP, Permanent, "provider_refused", "takes no dynamic updates (NOTIMP)"),
        (Rcode.FORMERR, Permanent, "provider_refused", "does not understand the request (FORMERR)"),
        (Rcode.YXDOMAIN, RecordConflict, "record_conflict", "changed meanwhile (YXDOMAIN)"),
        (Rcode.YXRRSET, RecordConflict, "record_conflict", "changed meanwhile (YXRRSET)"),
        (Rcode.NXDOMAIN, RecordConflict, "record_conflict", "changed meanwhile (NXDOMAIN)"),
        (Rcode.NXRRSET, RecordConflict, "record_conflict", "changed meanwhile (NXRRSET)"),
        (Rcode.SERVFAIL, Retryable, "provider_unavailable", "could not do it (SERVFAIL)"),
        (Rcode.DSOTYPENI, Retryable, "provider_unavailable", "could not do it (DSOTYPENI)"),
        (Rcode(13), Retryable, "provider_unavailable", "could not do it (13)"),
    ],
)
async def test_every_rcode_of_an_update_has_its_place_in_the_error_tree(
    server: AnsweringServer,
    records: Rfc2136Records,
    rcode: Rcode,
    kind: type[RemoteError],
    code: str,
    says: str,
) -> None:
    server.update_rcode = rcode
    error = await refusal(records.change(ZONE, [], [TARGET]))
    assert (type(error), error.code) == (kind, code)
    assert says in error.message


@pytest.mark.parametrize(
    ("rcode", "kind", "code"),
    [
        (Rcode.REFUSED, Permanent, "provider_refused"),
        (Rcode.NOTAUTH, Permanent, "zone_not_held"),
        (Rcode.NOTIMP, Permanent, "provider_refused"),
        (Rcode.FORMERR, Permanent, "provider_refused"),
        (Rcode.SERVFAIL, Retryable, "provider_unavailable"),
    ],
)
@pytest.mark.parametrize("call", ["check", "read"])
async def test_a_query_that_is_refused_ends_the_call_and_leaves_nothing_half_read(
    server: AnsweringServer, records: Rfc2136Records, call: str, rcode: Rcode, kind: type[RemoteError], code: str
) -> None:
    server.query_rcode = rcode
    error = await refusal(CALLS[call](records))
    assert (type(error), error.code) == (kind, code)


async def test_the_condition_that_reads_ask_for_first_may_fail_too(
    server: AnsweringServer, records: Rfc2136Records
) -> None:
    server.update_rcode = Rcode.SERVFAIL
    assert (await refusal(records.read(ZONE, "www.customer.test"))).code == "provider_unavailable"
    server.update_rcode = Rcode.NXDOMAIN
    assert await records.read(ZONE, "www.customer.test") == [], "the server says that nothing stands there"


async def test_a_zone_that_is_not_there_is_told_when_the_connection_is_made(
    server: AnsweringServer, records: Rfc2136Records
) -> None:
    server.query_rcode = Rcode.NXDOMAIN
    assert (await refusal(records.check_credentials())).code == "zone_not_held"


async def test_a_server_that_only_knows_the_zone_from_others_is_no_primary(
    server: AnsweringServer, records: Rfc2136Records
) -> None:
    server.flag = dns.flags.AA
    assert (await refusal(records.check_credentials())).code == "zone_not_held"
    assert (await refusal(records.read(ZONE, "www.customer.test"))).code == "zone_not_held"


async def test_an_answer_that_is_cut_short_is_not_taken_for_all_that_stands_there(
    server: AnsweringServer, records: Rfc2136Records
) -> None:
    server.flag = dns.flags.TC
    assert (await refusal(records.read(ZONE, "www.customer.test"))).code == "too_many_records"


async def test_a_name_whose_records_are_of_no_known_type_is_not_taken_for_a_free_one(records: Rfc2136Records) -> None:
    assert (await refusal(records.read(ZONE, "old.customer.test"))).code == "record_unreadable"


async def test_a_name_with_more_records_than_are_kept_is_refused(records: Rfc2136Records) -> None:
    texts = [replace(TARGET, type="TXT", value=f'"{number}"') for number in range(300)]
    many = [*texts, *(replace(TARGET, type="A", value=f"192.0.2.{number}") for number in range(201))]
    await records.change(ZONE, [], many)
    assert (await refusal(records.read(ZONE, TARGET.name))).code == "too_many_records"
    await records.change(ZONE, many, [])
    await records.change(ZONE, [], many[:500])
    assert len(await records.read(ZONE, TARGET.name)) == 500


async def test_a_cname_for_the_apex_is_refused_before_anything_is_sent(
    server: AnsweringServer, records: Rfc2136Records
) -> None:
    error = await refusal(records.change(ZONE, [], [replace(TARGET, name="customer.test")]))
    assert (type(error), error.code) == (Permanent, "cname_at_apex")
    assert server.connections == 0


@pytest.mark.parametrize(
    "record",
    [
        ZoneRecord(type="A", name=TARGET.name, value="not an address"),
        ZoneRecord(type="NONSENSE", name=TARGET.name, value="x"),
        ZoneRecord(type="A", name=TARGET.name, value="192.0.2.1", raw='{"rdata": "c0"}'),
        ZoneRecord(type="A", name=TARGET.name, value="192.0.2.1", raw='{"rdata": "no hex"}'),
        ZoneRecord(type="A", name=TARGET.name, value="192.0.2.1", raw="{}"),
        ZoneRecord(type="A", name=TARGET.name, value="192.0.2.1", raw='{"rdata": 5}'),
    ],
)
async def test_a_record_that_dns_cannot_carry_is_refused_before_anything_is_sent(
    server: AnsweringServer, records: Rfc2136Records, record: ZoneRecord
) -> None:
    error = await refusal(records.change(ZONE, [], [record]))
    assert (type(error), error.code) == (Permanent, "record_unreadable")
    assert server.connections == 0


async def test_a_change_of_nothing_asks_nobody_and_one_of_two_names_is_refused(
    server: AnsweringServer, records: Rfc2136Records
) -> None:
    await records.change(ZONE, [], [])
    with pytest.raises(Permanent, match="several names"):
        await records.change(ZONE, [], [TARGET, replace(TARGET, name="www.customer.test")])
    assert server.connections == 0


@pytest.mark.parametrize(
    ("tsig_error", "kind", "code"),
    [
        (Rcode.BADSIG, Unauthorized, "provider_unauthorized"),
        (Rcode.BADKEY, Unauthorized, "provider_unauthorized"),
        (Rcode.BADTRUNC, Unauthorized, "provider_unauthorized"),
        (Rcode.BADTIME, Retryable, "clocks_differ"),
        (Rcode.BADMODE, Unauthorized, "provider_unauthorized"),
    ],
)
@EACH_CALL
async def test_every_error_of_tsig_has_its_place_in_the_error_tree(
    server: AnsweringServer,
    records: Rfc2136Records,
    call: Call,
    tsig_error: Rcode,
    kind: type[RemoteError],
    code: str,
) -> None:
    server.tsig_error = tsig_error
    error = await refusal(call(records))
    assert (type(error), error.code) == (kind, code)


async def test_an_answer_signed_with_another_key_or_another_algorithm_is_not_believed(
    server: AnsweringServer, records: Rfc2136Records
) -> None:
    for other in (
        dns.tsig.Key("dcvd.", os.urandom(32), dns.tsig.HMAC_SHA256),
        dns.tsig.Key("other.", os.urandom(32), dns.tsig.HMAC_SHA256),
        dns.tsig.Key("dcvd.", base64.b64decode(TSIG.secret.reveal()), dns.tsig.HMAC_SHA512),
    ):
        server.spoil = signed_by(other)
        error = await refusal(records.check_credentials())
        assert (type(error), error.code) == (Unauthorized, "provider_unauthorized")


async def test_an_answer_whose_signature_is_old_is_a_matter_of_clocks(
    server: AnsweringServer, records: Rfc2136Records
) -> None:
    """Beyond what the signature itself allows, whoever's clock it is."""
    server.slow_by_s = 3600
    error = await refusal(records.check_credentials())
    assert (type(error), error.code) == (Retryable, "clocks_differ")
    server.slow_by_s = 10
    assert await records.check_credentials() == "customer.test"


async def test_an_answer_to_another_question_is_no_answer(server: AnsweringServer, records: Rfc2136Records) -> None:
    """Signed as it should be."""
    server.question = "elsewhere.test."
    error = await refusal(records.check_credentials())
    assert (type(error), error.code) == (Retryable, "provider_unavailable")
    server.question = None
    assert await records.check_credentials() == "customer.test"


def signed_at(response: dns.message.Message, moment: int) -> bytes:
    """An answer with the key's signature of a moment, in seconds since 1970."""
    unsigned, response.tsig = response.tsig, None
    assert unsigned is not None
    sign: Callable[..., Any] = dns.tsig.sign
    signed, _ = sign(response.to_wire(), KEY, unsigned[0], moment, response.request_mac)
    response.tsig, response.want_tsig_sign = dns.rrset.from_rdata(KEY.name, 0, signed), False
    return response.to_wire()


def signed_by(key: dns.tsig.Key) -> Callable[[bytes], bytes]:
    def spoil(wire: bytes) -> bytes:
        message = dns.message.from_wire(wire, keyring=False)
        message.use_tsig(key, algorithm=key.algorithm)
        return message.to_wire()

    return spoil


# What happens to the connection


@asynccontextmanager
async def breaking(
    after: Callable[[asyncio.StreamWriter], None], deadline_s: float = 10.0
) -> AsyncIterator[Rfc2136Records]:
    """A server that reads one message and does that to the connection."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        await reader.readexactly(length)
        after(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Rfc2136Records(
            replace(TSIG, port=server.sockets[0].getsockname()[1]), LOOPBACK, "org_a", deadline_s=deadline_s
        )
        for writer in writers:
            writer.transport.abort()


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (lambda writer: writer.close(), "closed the connection without an answer"),
        (lambda writer: (writer.write(b"\x00"), writer.close()), "closed the connection without an answer"),
        (lambda writer: (writer.write(b"\x01\x00half"), writer.close()), "closed the connection without an answer"),
        (lambda writer: writer.transport.abort(), "127.0.0.1"),
    ],
    ids=["closed", "half a length", "half an answer", "reset"],
)
@EACH_CALL
async def test_a_connection_that_breaks_is_tried_again(
    call: Call, after: Callable[[asyncio.StreamWriter], None], says: str
) -> None:
    async with breaking(after) as records:
        error = await refusal(call(records))
    assert (type(error), error.code) == (Retryable, "provider_unavailable")
    assert says in error.message


@EACH_CALL
async def test_a_server_that_refuses_connections_is_tried_again_and_named(call: Call) -> None:
    async with AnsweringServer().serving() as gone:
        port = gone.address.port
    error = await refusal(call(Rfc2136Records(replace(TSIG, port=port), LOOPBACK, "org_a")))
    assert (type(error), error.code) == (Retryable, "provider_unavailable")
    assert f"127.0.0.1 port {port} cannot be reached" in error.message


@EACH_CALL
async def test_a_server_that_answers_half_and_then_nothing_costs_the_deadline(call: Call) -> None:
    async with asyncio.timeout(5), breaking(lambda writer: writer.write(b"\x01\x00half"), deadline_s=0.1) as records:
        error = await refusal(call(records))
    assert (type(error), error.code) == (Retryable, "provider_unavailable")
    assert "took longer than 0.1 s" in error.message
