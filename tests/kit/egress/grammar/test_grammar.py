"""A few hundred answers of a hostile receiver: what dcvd makes of each, and that nothing is left behind."""

import asyncio
from typing import Final

import pytest

from tests.kit.egress.grammar.answers import Answer, Ending, Start, make_answer
from tests.kit.egress.grammar.asking import ask
from tests.kit.egress.grammar.receiver import build_url, playing
from tests.kit.receivers import open_sockets
from tests.kit.wire import Wire

_SEED: Final = 7
_ANSWERS: Final = [make_answer(_SEED, number) for number in range(300)]
_CONNECTIONS: Final = 64
_LONG_S: Final = 30.0
_SHORT_S: Final = 0.2
_OPEN_S: Final = 1.0
"""For a head that comes at once, and a body that never ends."""


def _receive(answer: Answer, pieces: list[bytes]) -> Wire:
    wire = Wire()
    wire.receive(*pieces)
    return wire


def _judge(answer: Answer, pieces: list[bytes]) -> bool:
    """Whether it is a success where these pieces come and nothing else."""
    wire = _receive(answer, pieces)
    wire.end(ConnectionResetError(104, "x") if answer.ending is Ending.RESET else None)
    return wire.is_success()


def _find_timeout(answer: Answer) -> float:
    """A timeout that only an answer without an end reaches."""
    pieces = [piece.data for piece in answer.pieces]
    if answer.ending is not Ending.STAY or _receive(answer, pieces).answered:
        return _LONG_S
    return _OPEN_S if _judge(answer, pieces) else _SHORT_S


def test_an_answer_is_known_by_its_seed_and_number() -> None:
    assert [make_answer(_SEED, answer.number) for answer in _ANSWERS] == _ANSWERS
    assert make_answer(_SEED + 1, 5)[1:] != make_answer(_SEED, 5)[1:]


async def test_an_answer_without_a_fault_counts_by_its_status_and_what_is_no_http_never() -> None:
    faultless = [answer for answer in _ANSWERS if not answer.faults]
    assert len(faultless) > 10
    for answer in faultless:
        assert _judge(answer, [answer.data]) is (answer.status // 100 == 2), str(answer)
    foreign = [answer for answer in _ANSWERS if "no HTTP" in answer.faults]
    assert len(foreign) > 5
    for answer in foreign:
        assert not _judge(answer, [answer.data]), str(answer)


async def test_the_verdict_is_the_same_however_the_answer_is_cut() -> None:
    for answer in _ANSWERS:
        data = answer.data[:3000]
        at_once = _judge(answer, [data])
        assert _judge(answer, [data[at : at + 1] for at in range(len(data))]) is at_once, str(answer)
        assert _judge(answer, [data[:20], data[20:]]) is at_once, str(answer)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("is_kept", [False, True], ids=["new connections", "kept connections"])
async def test_hostile_answers_leave_no_slot_stuck_and_no_socket_open_and_are_judged_by_what_came(
    is_kept: bool,
) -> None:
    before = open_sockets()
    starts = (Start.AFTER_REQUEST,) if is_kept else (Start.AFTER_REQUEST, Start.AT_FIRST_BYTES)
    async with playing(_SEED) as port:
        urls = {build_url(port, answer.number): answer for answer in _ANSWERS if answer.start in starts}
        timeouts = {url: _find_timeout(answer) for url, answer in urls.items()}
        expected = {url: _judge(answer, [piece.data for piece in answer.pieces]) for url, answer in urls.items()}
        verdicts = await ask(timeouts, _CONNECTIONS, is_kept=is_kept)
        # On a busy machine a head may come late.
        late = {url: _LONG_S for url in urls if timeouts[url] == _OPEN_S and not verdicts[url]}
        verdicts |= await ask(late, _CONNECTIONS, is_kept=is_kept)
    assert {str(urls[url]) for url, verdict in verdicts.items() if verdict is not expected[url]} == set()
    await asyncio.sleep(0)
    assert open_sockets() == before
