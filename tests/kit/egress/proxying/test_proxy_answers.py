"""What a proxy answers to CONNECT, however it comes in pieces, and whatever it is."""

from contextlib import suppress

import httptools
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dcvd.kit.egress.proxying.proxy_answers import (
    MAX_ANSWER_BYTES,
    ConnectAnswer,
    ProxyFault,
    TargetNotReached,
    judge_connect_status,
    read_connect_answer,
)

_LINE_END = st.sampled_from([b"\r\n", b"\n"])
_FIELDS = st.lists(
    st.tuples(st.sampled_from([b"Via", b"Content-Length", b"X"]), st.from_regex(rb"[!-~][ -~]{0,20}", fullmatch=True)),
    max_size=5,
)


@st.composite
def _heads(draw: st.DrawFn, statuses: st.SearchStrategy[int]) -> tuple[int, bytes]:
    end = draw(_LINE_END)
    status = draw(statuses)
    reason = draw(st.sampled_from([b"", b" ", b" Connection established", b" \xe9t\xe9"]))
    lines = [b"HTTP/1.%d %d%s" % (draw(st.integers(0, 1)), status, reason)]
    lines += (name + b": " + value for name, value in draw(_FIELDS))
    return status, end.join(lines) + end + end


@given(st.lists(_heads(st.integers(102, 199)), max_size=3), _heads(st.integers(200, 599)), st.binary(max_size=60))
def test_every_answer_is_read_as_soon_as_its_head_is_there_and_the_rest_is_the_receivers(
    interim: list[tuple[int, bytes]], final: tuple[int, bytes], rest: bytes
) -> None:
    status, final_head = final
    heads = b"".join(head for _, head in interim) + final_head
    for length in range(len(heads)):
        assert read_connect_answer(heads[:length]) is None
    assert read_connect_answer(heads + rest) == ConnectAnswer(status, rest)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda piece: b"HTTP/1.1 200" + piece))
def test_whatever_comes_is_an_answer_or_too_little_or_a_fault_of_the_proxy(received: bytes) -> None:
    with suppress(ProxyFault):
        answer = read_connect_answer(received)
        if answer is not None:
            assert 200 <= answer.status <= 999
            assert received.endswith(answer.rest)


@given(_heads(st.integers(200, 599)))
def test_another_parser_reads_the_same_status(head: tuple[int, bytes]) -> None:
    status, text = head
    assume(b"Content-Length" not in text)
    parser = httptools.HttpResponseParser(object())
    parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)
    try:
        parser.feed_data(text)
    except httptools.HttpParserError:
        assume(False)
    answer = read_connect_answer(text)
    assert answer is not None
    assert answer.status == status == parser.get_status_code()


@pytest.mark.parametrize(
    "received",
    [
        b"S", b"SSH-2.0-OpenSSH\r\n", b"\x05\x00", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 No\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_answer_is_a_fault_of_the_proxy_at_once(received: bytes) -> None:
    with pytest.raises(ProxyFault, match="not HTTP/1"):
        read_connect_answer(received)


@pytest.mark.parametrize(
    "received",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * MAX_ANSWER_BYTES,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * MAX_ANSWER_BYTES + b"\r\n\r\n",
        b"HTTP/1.1 103 Hints\r\n\r\n" * 1000,
    ],
    ids=["without an end", "with an end", "interim answers"],
)
def test_an_answer_has_a_limit_but_what_follows_it_has_none(received: bytes) -> None:
    with pytest.raises(ProxyFault, match="longer than 16 KiB"):
        read_connect_answer(received)
    rest = b"a" * 2 * MAX_ANSWER_BYTES
    assert read_connect_answer(b"HTTP/1.1 200 OK\r\n\r\n" + rest) == ConnectAnswer(200, rest)


@given(st.integers(200, 999))
def test_every_status_is_a_tunnel_or_somebodys_fault(status: int) -> None:
    refusal = judge_connect_status(status)
    expected = type(None) if status < 300 else ProxyFault if status < 500 else TargetNotReached
    assert type(refusal) is expected
