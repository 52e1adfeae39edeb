"""Deliveries over a connection that was kept from an earlier one."""

import asyncio
from contextlib import suppress

import pytest

from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history
from tests.delivery.conftest import subscribe
from tests.delivery.owing import happen
from tests.delivery.views import attempts, delivered, delivery_ids, health_of, states

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def _read_request(reader: asyncio.StreamReader) -> bool:
    """Whether a request came, and not the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return False
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    await reader.readexactly(int(lengths[0]))
    return True


@pytest.mark.parametrize(
    ("farewell", "outcome", "status"),
    [(_LATE, "http_error", 408), (b"", "protocol", None)],
    ids=["408", "a close without an answer"],
)
@pytest.mark.usefixtures("pool")
async def test_a_receiver_that_gave_up_the_kept_connection_costs_no_attempt(
    context: Context, org: str, farewell: bytes, outcome: str, status: int | None
) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with suppress(ConnectionError):
            for answer in (_OK, farewell) if connections == 1 else (_OK, _OK):
                if await _read_request(reader):
                    writer.write(answer)
                    await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        endpoint, _ = await subscribe(context, org, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await happen(context, org)
        await delivered(context, 1)
        await happen(context, org)
        await delivered(context, 2)
    assert connections == 2
    assert await states(context) == [("delivered", 1), ("delivered", 1)]
    second_id = (await delivery_ids(context))[1]
    given_up, repeated = (await delivery_history.get(context, org, second_id)).attempts
    assert (given_up.attempt.number, given_up.attempt.counted) == (1, False)
    assert (given_up.attempt.outcome, given_up.attempt.status_code) == (outcome, status)
    assert given_up.attempt.timings.connect_ms is None
    assert (repeated.attempt.number, repeated.attempt.counted) == (1, True)
    assert repeated.attempt.outcome == "delivered"
    assert repeated.attempt.timings.connect_ms is not None
    assert len(await attempts(context)) == 3
    assert (await health_of(context, endpoint)).failures == 0
