"""Every shape that an HTTP/1.1 answer may have, read the same however it is cut into pieces."""

import asyncio
from contextlib import suppress

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.egress.connection import MAX_BODY_BYTES
from tests.kit.receivers import egress, raw_receiver
from tests.kit.wire import Wire

WELL_FORMED = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello",
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "chunked": b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
    "trailer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nLocation: /no\r\n\r\n",
    "until the end": b"HTTP/1.1 500 Oops\r\nServer: old\r\n\r\nsomething broke",
    "until the end, coded": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nnot really",
    "HTTP/1.0": b"HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
    "204": b"HTTP/1.1 204 No Content\r\nRetry-After: 7\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLocation: /no\r\n\r\n"
    b"HTTP/1.1 302 Found\r\nLocation: /yes\r\nContent-Length: 0\r\n\r\n",
    "folded": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain;\r\n charset=utf-8\r\nContent-Length: 2\r\n\r\nok",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Type: a/b\nContent-Length: 2\n\nok",
    "offers another protocol": b"HTTP/1.1 200 OK\r\nUpgrade: h2\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nok",
    "asked for a password": b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nCF-Ray: 1-FRA\r\nContent-Length: 0\r\n\r\n",
    "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
}
_KEPT = ("retry-after", "content-type", "location", "server", "cf-ray", "www-authenticate")


@pytest.mark.parametrize("answer", WELL_FORMED.values(), ids=WELL_FORMED)
async def test_an_answer_means_what_it_means_to_aiohttps_client(answer: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        writer.write(answer)
        await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with raw_receiver(handler) as port, egress() as client, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}/"
        ours = await client.post(url, b"{}", {}, timeout_s=60, owner="org_a")
        async with session.post(url, data=b"{}", allow_redirects=False) as theirs:
            kept = {name: theirs.headers[name] for name in _KEPT if name in theirs.headers}
            assert (ours.status, ours.headers, ours.body) == (theirs.status, kept, await theirs.read())


@given(st.sampled_from(sorted(WELL_FORMED)), st.data())
def test_an_answer_is_the_same_however_it_is_cut_into_pieces(name: str, data: st.DataObject) -> None:
    answer = WELL_FORMED[name]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(answer) - 1), max_size=12)))
    pieces = [answer[start:end] for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True)]

    async def read(*pieces: bytes) -> tuple[object, bool]:
        wire = Wire()
        wire.receive(*pieces)
        wire.end()
        return wire.reply(), wire.reusable

    assert asyncio.run(read(*pieces)) == asyncio.run(read(answer))


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", WELL_FORMED["chunked"][:60]])
)
def test_any_bytes_give_an_answer_or_a_failure_and_never_an_exception(noise: bytes, opening: bytes) -> None:
    async def read() -> None:
        wire = Wire()
        wire.receive(opening + noise)
        wire.end()
        assert wire.answered

    asyncio.run(read())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "Expected HTTP/"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "Expected HTTP/"),
        (b"\r\nICE/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "Expected HTTP/"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "switches protocols"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "switches protocols"),
        (b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n", "its status is 099"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "Content-Length"),
    ],
)
async def test_what_is_no_answer_is_told_as_such(answer: bytes, said: str) -> None:
    wire = Wire()
    wire.receive(answer)
    failed = wire.failure()
    assert failed.reason is FailureReason.NOT_HTTP
    assert failed.message.startswith("hooks.example sent something that is no valid HTTP answer: ")
    assert said in failed.message
    assert wire.transport.aborted


@pytest.mark.parametrize(
    ("came", "error", "reason", "said"),
    [
        (b"", None, FailureReason.CLOSED_WITHOUT_ANSWER, "hooks.example closed the connection without an answer."),
        (b"", ConnectionResetError(104, "x"), FailureReason.CONNECTION_RESET, "broke off: Connection reset by peer."),
        (b"HTTP/1.1 200", None, FailureReason.CONNECTION_RESET, "in the middle of its answer."),
        (WELL_FORMED["length"][:30], None, FailureReason.CONNECTION_RESET, "in the middle of its answer."),
        (WELL_FORMED["until the end"][:30], ConnectionResetError(104, "x"), FailureReason.CONNECTION_RESET, "by peer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", None, FailureReason.CONNECTION_RESET, "in the middle of its answer."),
    ],
)
async def test_an_answer_whose_head_does_not_come_to_its_end_is_a_failure(
    came: bytes, error: Exception | None, reason: FailureReason, said: str
) -> None:
    wire = Wire()
    wire.receive(came)
    assert not wire.answered
    wire.end(error)
    failed = wire.failure()
    assert failed.reason is reason
    assert said in failed.message


_RESET = ConnectionResetError(104, "x")
_TWO_FRAMINGS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
_NO_END = "before the end of its body"


@pytest.mark.parametrize(
    ("came", "error", "body", "fault"),
    [
        (WELL_FORMED["length"][:-1], None, b"hell", f"it closed the connection {_NO_END}"),
        (WELL_FORMED["length"][:-1], _RESET, b"hell", f"the connection broke (Connection reset by peer) {_NO_END}"),
        (WELL_FORMED["chunked"][:-1], None, b"abcde", f"it closed the connection {_NO_END}"),
        (WELL_FORMED["until the end"], _RESET, b"something broke", f"(Connection reset by peer) {_NO_END}"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", None, b"", "cannot be read (Invalid char"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokX\r\n", None, b"ok", "cannot be read ("),
        (_TWO_FRAMINGS, None, b"abc", "twice, by Content-Length and by Transfer-Encoding"),
        (_TWO_FRAMINGS[:-9], None, b"a", f"it closed the connection {_NO_END}"),
        (_TWO_FRAMINGS.replace(b"chunked", b"gzip"), None, b"3\r\nabc\r\n0\r\n\r\n", "twice, by Content-Length"),
    ],
)
async def test_the_status_counts_whatever_becomes_of_the_body(
    came: bytes, error: Exception | None, body: bytes, fault: str
) -> None:
    wire = Wire()
    wire.receive(came)
    wire.end(error)
    reply = wire.reply()
    assert (reply.status, reply.body) == (int(came[9:12]), body)
    assert fault in reply.body_fault
    assert not wire.reusable


@pytest.mark.parametrize("order", [1, -1])
async def test_a_transfer_coding_overrides_a_length_in_either_order(order: int) -> None:
    fields = [b"Content-Length: 999\r\n", b"Transfer-Encoding: chunked\r\n"][::order]
    wire = Wire()
    wire.receive(b"HTTP/1.1 200 OK\r\n" + b"".join(fields) + b"\r\n2\r\nok\r\n0\r\n\r\n")
    reply = wire.reply()
    assert (reply.status, reply.body) == (200, b"ok")
    assert reply.body_fault
    assert not wire.reusable


@pytest.mark.parametrize("name", WELL_FORMED)
async def test_a_whole_answer_has_no_fault(name: str) -> None:
    wire = Wire()
    wire.receive(WELL_FORMED[name])
    wire.end()
    assert wire.reply().body_fault == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"/caf\xc3\xa9", "/café"),
        (b"/caf\xe9", "/café"),
        (b"/\xed\xa0\x80", "/í\xa0 "),
        (b"/a\x00b\x1b[31m", "/a b [31m"),
        (b"/" + b"x" * 3000, "/" + "x" * 1023),
    ],
    ids=["UTF-8", "Latin-1", "a surrogate", "control characters", "long"],
)
async def test_a_kept_header_can_be_stored_and_shown_whatever_its_bytes_are(value: bytes, text: str) -> None:
    wire = Wire()
    wire.receive(b"HTTP/1.1 302 Found\r\nLocation: " + value + b"\r\nContent-Length: 0\r\n\r\n")
    assert wire.reply().headers["location"] == text
    assert text.encode()


async def test_of_a_header_that_comes_twice_the_first_is_kept() -> None:
    wire = Wire()
    wire.receive(b"HTTP/1.1 503 No\r\nRetry-After: 7\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n")
    assert wire.reply().headers == {"retry-after": "7"}


@pytest.mark.parametrize(
    ("length", "came", "reused"),
    [
        (MAX_BODY_BYTES, MAX_BODY_BYTES, True),
        (MAX_BODY_BYTES + 1, MAX_BODY_BYTES + 1, True),
        (1 << 20, MAX_BODY_BYTES + 1, False),
    ],
    ids=["as much as is kept", "more, and all is here", "more is to come"],
)
async def test_a_body_is_kept_to_its_first_kibibyte_and_nobody_waits_for_the_rest(
    length: int, came: int, reused: bool
) -> None:
    wire = Wire()
    wire.receive(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
    assert not wire.answered
    wire.receive(b"x" * came)
    assert wire.reply().body == b"x" * MAX_BODY_BYTES
    assert wire.reusable is reused


@pytest.mark.parametrize(
    ("name", "reused"),
    [("length", True), ("chunked", True), ("trailer", True), ("204", True), ("HTTP/1.0", False), ("close", False)],
)
async def test_a_connection_serves_again_only_if_the_answer_says_so(name: str, reused: bool) -> None:
    wire = Wire()
    wire.receive(WELL_FORMED[name])
    wire.reply()
    assert wire.reusable is reused


@pytest.mark.parametrize("pieces", [(b"\r\n", b"R", b"TSP/1.0 200 OK\r\n\r\n"), (b"\r", b"\nICE/1.0 200 OK\r\n\r\n")])
async def test_another_protocol_is_no_answer_however_it_is_cut(pieces: tuple[bytes, ...]) -> None:
    wire = Wire()
    wire.receive(*pieces)
    assert wire.failure().reason is FailureReason.NOT_HTTP


@pytest.mark.parametrize(
    "interim", [b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n", b"HTTP/1.0 100 Continue\r\n\r\n"]
)
@pytest.mark.parametrize("name", ["length", "close", "until the end", "chunked"])
async def test_an_interim_answer_that_closes_does_not_hide_the_final_one(interim: bytes, name: str) -> None:
    alone = Wire()
    alone.receive(WELL_FORMED[name])
    alone.end()
    wire = Wire()
    wire.receive(interim + WELL_FORMED[name])
    wire.end()
    assert wire.reply() == alone.reply()


@pytest.mark.parametrize("name", ["close", "HTTP/1.0"])
async def test_what_follows_an_answer_that_closes_is_never_read(name: str) -> None:
    wire = Wire()
    wire.receive(WELL_FORMED[name] + WELL_FORMED["length"])
    assert wire.reply().status == int(WELL_FORMED[name][9:12])
    assert not wire.reusable


@pytest.mark.parametrize("extra", [b"H", WELL_FORMED["length"], b"x" * 5000, b"\r\nHTTP/1.1 200 OK\r\n"])
async def test_a_connection_on_which_something_follows_the_answer_never_serves_again(extra: bytes) -> None:
    wire = Wire()
    wire.receive(WELL_FORMED["length"] + extra)
    assert wire.reply().body == b"hello"
    assert not wire.reusable


async def test_what_follows_is_noticed_even_where_the_answer_fills_what_is_parsed_at_once() -> None:
    for fill in range(1900, 2100):
        wire = Wire()
        wire.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + b"x" * fill + b"\r\n\r\n" + b"HTTP/1.1 200 OK")
        assert wire.reply().status == 200
        assert not wire.reusable


async def test_a_connection_whose_receiver_has_not_taken_the_whole_request_never_serves_again() -> None:
    wire = Wire()
    wire.transport.unsent = 1
    wire.receive(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    assert wire.reply().status == 413
    assert not wire.reusable


async def test_nothing_of_one_answer_is_left_for_the_next() -> None:
    wire = Wire()
    for name in ("trailer", "length", "204", "length", "chunked"):
        wire.receive(WELL_FORMED[name])
        again = wire.reply()
        assert wire.reusable
        alone = Wire()
        alone.receive(WELL_FORMED[name])
        assert again == alone.reply()
        wire.ask()


async def test_bytes_that_come_when_nothing_was_asked_end_the_connection() -> None:
    wire = Wire()
    wire.receive(WELL_FORMED["length"])
    wire.reply()
    wire.receive(WELL_FORMED["empty"])
    assert wire.transport.aborted
    assert not wire.connection.is_usable()


async def test_bytes_that_come_between_the_answer_and_its_reader_end_the_connection() -> None:
    wire = Wire()
    wire.receive(WELL_FORMED["length"])
    wire.receive(WELL_FORMED["empty"])
    assert wire.reply().body == b"hello"
    assert not wire.reusable
