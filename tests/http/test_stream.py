"""What is kept of an answer that its client does not read yet."""

import asyncio
import random

import pytest

from dcvd.http.bodies.stream import ResponseBuffer


async def test_pieces_come_out_as_they_went_in_packed_or_not() -> None:
    backlog = ResponseBuffer()
    pieces = [bytes([number]) * 20_000 for number in range(100)]
    for piece in pieces:
        await backlog.put(piece)
    backlog.close()
    assert [await backlog.take() for _ in pieces] == pieces
    assert await backlog.take() is None


async def test_who_makes_the_answer_waits_when_too_much_is_kept() -> None:
    backlog = ResponseBuffer(max_bytes=1000)
    source = random.Random(1)
    await backlog.put(source.randbytes(2000))
    putting = asyncio.create_task(backlog.put(b"more"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not putting.done()
    await backlog.take()
    await asyncio.wait_for(putting, 60)
    assert await backlog.take() == b"more"


async def test_who_takes_waits_for_the_next_piece_and_for_the_end() -> None:
    backlog = ResponseBuffer()
    taking = asyncio.create_task(backlog.take())
    await asyncio.sleep(0)
    await backlog.put(b"x")
    assert await asyncio.wait_for(taking, 60) == b"x"
    taking = asyncio.create_task(backlog.take())
    await asyncio.sleep(0)
    backlog.close()
    assert await asyncio.wait_for(taking, 60) is None


@pytest.mark.parametrize("size", [0, 1])
async def test_a_backlog_that_ends_at_once_has_nothing_more(size: int) -> None:
    backlog = ResponseBuffer()
    if size:
        await backlog.put(b"x")
    backlog.close()
    assert await backlog.take() == (b"x" if size else None)
