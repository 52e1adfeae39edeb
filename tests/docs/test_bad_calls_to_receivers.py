"""What strangers send to the receivers of docs/webhooks.md: each is refused, and the receiver goes on."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest

from dcvd.core.webhooks.signing import build_headers
from tests.docs.receivers import RunningReceiver
from tests.docs.signed_deliveries import NEW, OLD, event, printed, sign

# A cold compiler on a busy machine takes its time.
pytestmark = [pytest.mark.sweep, pytest.mark.timeout(300)]

_STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")
_NOT_UTF8 = b"\xff\xfe\x80"

Fields = Mapping[str, bytes]


def encode(headers: Mapping[str, str]) -> dict[str, bytes]:
    """The headers as bytes, as they are sent."""
    return {name: value.encode() for name, value in headers.items()}


def request(fields: Fields, body: bytes) -> bytes:
    """A whole request, whose header names and values are sent as they are given."""
    sent = {"Host": b"127.0.0.1", "Connection": b"close", "Content-Type": b"application/json", **fields}
    lines = [b"POST /hooks HTTP/1.1", *(name.encode() + b": " + value for name, value in sent.items())]
    lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


@asynccontextmanager
async def connected(receiver: RunningReceiver) -> AsyncIterator[asyncio.StreamWriter]:
    """A connection that is closed at the end, whatever was sent."""
    _, writer = await asyncio.open_connection("127.0.0.1", urlsplit(receiver.url).port)
    try:
        yield writer
        await writer.drain()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def send(receiver: RunningReceiver, content: bytes) -> int:
    """The status of the answer to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(receiver.url).port)
    writer.write(content)
    try:
        async with asyncio.timeout(30):
            answer = await reader.readuntil(b"\r\n")
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    found = _STATUS.match(answer)
    assert found is not None, answer
    return int(found[1])


class Good:
    """Good deliveries, each with an event of its own."""

    def __init__(self, receiver: RunningReceiver) -> None:
        self._receiver = receiver
        self.ids: list[str] = []

    async def send(self, why: object) -> None:
        """The receiver accepts the next one."""
        event_id, body = event()
        status = await send(self._receiver, request(encode(sign(event_id, body, [OLD])), body))
        assert status == 204, f"after {why}"
        self.ids.append(event_id)


@pytest.fixture
def good(receiver: RunningReceiver) -> Good:
    return Good(receiver)


def values_of_signatures(genuine: bytes) -> Iterator[bytes]:
    """What may stand where a signature is expected."""
    yield from (b"", b"0", b"v1", b"v1,", b"v1,!!!", b"v2," + genuine[3:], b",", b" ", b"\t", b"null")
    yield from (genuine[:-1], genuine[: len(genuine) // 2], genuine + b"0", genuine * 2, genuine * 50)
    yield from (b"z" * 64, b"v1," + b"-" * 44, b"0" * 64, b"v1," + b"A" * 43 + b"=")
    # Neither ASCII nor UTF-8, as long as the real one, in bytes and in characters.
    yield from (b"\xff" * len(genuine), "é".encode() * (len(genuine) // 2), "é".encode() * len(genuine))


def bad_calls(genuine: Fields) -> Iterator[Fields]:
    """Headers that prove nothing; in each both signatures are spoiled, because a receiver verifies one of them."""
    names = [name for name in genuine if "signature" in name.lower()]
    yield {name: value for name, value in genuine.items() if name not in names}
    yield {}
    yield dict.fromkeys(genuine, b"")
    for number, _ in enumerate(values_of_signatures(b"")):
        yield {**genuine, **{name: list(values_of_signatures(genuine[name]))[number] for name in names}}


async def test_after_each_call_that_proves_nothing_a_good_one_is_accepted(
    receiver: RunningReceiver, good: Good
) -> None:
    event_id, body = event()
    for fields in bad_calls(encode(sign(event_id, body, [OLD]))):
        assert await send(receiver, request(fields, body)) == 401, fields
        await good.send(fields)
    for sent in (b"", b"null", _NOT_UTF8, body + _NOT_UTF8, body.replace(b"domain", _NOT_UTF8)):
        assert await send(receiver, request(encode(sign(event_id, body, [OLD])), sent)) == 401, sent
        assert await send(receiver, request(encode(sign(event_id, sent, [NEW])), sent)) == 401, sent
        assert await send(receiver, request({}, sent)) == 401, sent
        await good.send(sent)
    await printed(receiver, *good.ids)


@pytest.mark.parametrize("scheme", ["standard"], indirect=True)
@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp"])
async def test_what_the_signature_covers_may_be_missing_or_no_text_and_is_refused(
    receiver: RunningReceiver, good: Good, name: str
) -> None:
    event_id, body = event()
    genuine = encode(sign(event_id, body, [OLD]))
    now = str(int(time.time()))
    odd = [b"", b"soon", b"-1", b"+" + now.encode(), b"1e9", b"0x1", b"NaN", b"Infinity", b"9" * 18, b"9" * 5000]
    odd += [now.encode() + b".0", "١٧٦٨".encode(), "²".encode("latin-1"), _NOT_UTF8, b" "]
    for fields in [
        {key: value for key, value in genuine.items() if key != name},
        *({**genuine, name: value} for value in odd),
    ]:
        assert await send(receiver, request(fields, body)) == 401, fields
        await good.send(fields)
    await printed(receiver, *good.ids)


async def test_a_signed_body_that_is_no_event_ends_nothing(receiver: RunningReceiver, good: Good) -> None:
    for body in (b"", b"null", b"7", b"[]", b'""', b"{}", b"{", b"no json", _NOT_UTF8):
        headers = build_headers(
            [OLD], message_id="evt_odd", event_type="domain.active", timestamp_s=int(time.time()), body=body
        )
        assert await send(receiver, request(encode(headers), body)) == 400, body
        await good.send(body)
    await printed(receiver, *good.ids)


@pytest.mark.parametrize("change", [str.upper, str.lower, str.title, str.swapcase], ids=lambda change: change.__name__)
async def test_names_of_headers_come_in_any_case(receiver: RunningReceiver, change: object) -> None:
    assert callable(change)
    event_id, body = event()
    fields = {change(name): value for name, value in encode(sign(event_id, body, [OLD])).items()}
    assert await send(receiver, request(fields, body)) == 204
    forged = {change(name): value for name, value in encode(sign(event_id, body, [NEW])).items()}
    assert await send(receiver, request(forged, body)) == 401
    await printed(receiver, event_id)


async def test_a_sender_that_hangs_up_or_falls_silent_holds_up_nobody(receiver: RunningReceiver, good: Good) -> None:
    event_id, body = event()
    whole = request(encode(sign(event_id, body, [OLD])), body)
    async with AsyncExitStack() as stack:
        for part in (b"", whole[:30], whole[: -len(body)], whole[:-5]):
            silent = await stack.enter_async_context(connected(receiver))
            silent.write(part)
            async with connected(receiver) as gone:
                gone.write(part)
            await good.send(part)
    await good.send("all of them")
    await printed(receiver, *good.ids)


@pytest.mark.parametrize("scheme", ["dcvaas"], indirect=True)
async def test_a_repeat_under_another_id_does_nothing_where_the_signature_does_not_cover_the_id(
    receiver: RunningReceiver,
) -> None:
    event_id, body = event()
    genuine = encode(sign(event_id, body, [OLD]))
    without = {name: value for name, value in genuine.items() if name != "webhook-id"}
    for fields in (genuine, {**genuine, "webhook-id": b"evt_other"}, without):
        assert await send(receiver, request(fields, body)) == 204
    await printed(receiver, event_id)
