"""What a listener forwards, whatever becomes of the feed and of the receiver."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from dcvd.cli.demo.receiver import WebhookSecrets, find_fault
from dcvd.cli.listen.settings import Start
from dcvd.core.webhooks.signing import to_standard_secret
from dcvd.errors import DcvdError
from tests.cli.listen.feed_server import Fault, FeedServer, listening, run_to_failure, serving_feed
from tests.delivery.receivers import Receiver, receiving
from tests.waiting import until


@pytest.fixture
async def feed() -> AsyncIterator[FeedServer]:
    async with serving_feed() as server:
        yield server


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


def sequences(receiver: Receiver) -> list[int]:
    """The number of each event that arrived."""
    return [json.loads(request.body)["sequence"] for request in receiver.received]


def answering(status: int, body: bytes = b"", **headers: str) -> Fault:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers={n.replace("_", "-"): v for n, v in headers.items()})

    return answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def break_off(feed: FeedServer) -> Fault:
    """The right answer, but for its end."""

    async def answer(request: web.Request) -> web.StreamResponse:
        page = feed.page(int(request.query.get("after", 0)))
        response = web.StreamResponse(headers={"Content-Length": str(len(page))})
        await response.prepare(request)
        await response.write(page[:-1])
        assert request.transport is not None
        request.transport.abort()
        return response

    return answer


# What arrives


async def test_events_from_now_on_arrive_with_their_very_bytes_and_both_signatures(
    feed: FeedServer, receiver: Receiver
) -> None:
    feed.add(2)
    async with listening(feed, receiver.url) as (console, settings):
        await console.is_ready()
        feed.add(1)
        await receiver.gets(1)
        feed.add(2)
        await receiver.gets(3)
        await console.shows(3)
    assert console.after == 2
    assert [request.body for request in receiver.received] == feed.bodies[2:]
    assert console.errors == [None] * 3
    secret = settings.signing_secret
    secrets = WebhookSecrets(secret.reveal(), to_standard_secret(secret).reveal())
    for request in receiver.received:
        assert find_fault(secrets, request.headers, request.body, time.time()) is None
        assert request.headers["webhook-id"] == json.loads(request.body)["id"]
        assert request.headers["X-DCVaaS-Event"] == "domain.active"


@pytest.mark.parametrize(
    ("start", "expected"),
    [(Start(last=2), [4, 5]), (Start(last=9), [1, 2, 3, 4, 5]), (Start(after=3), [4, 5]), (Start(after=0), [1, 2])],
)
async def test_stored_events_come_first_where_that_is_asked_for(
    feed: FeedServer, receiver: Receiver, start: Start, expected: list[int]
) -> None:
    feed.add(5)
    async with listening(feed, receiver.url, start=start):
        await receiver.gets(len(expected))
    assert sequences(receiver)[: len(expected)] == expected


async def test_many_pages_arrive_in_order_each_event_once(feed: FeedServer, receiver: Receiver) -> None:
    feed.add(600)
    async with listening(feed, receiver.url, start=Start(after=0)):
        await receiver.gets(600)
    assert sequences(receiver) == list(range(1, 601))


async def test_the_types_that_were_asked_for_are_the_feeds_to_choose(feed: FeedServer, receiver: Receiver) -> None:
    async with listening(feed, receiver.url, event_types=("domain.active", "job.dlq")) as (console, _):
        await console.is_ready()
        feed.add(1)
        await receiver.gets(1)
    assert all(request.query["types"] == "domain.active,job.dlq" for request in feed.requests)
    assert all(request.headers["Authorization"].startswith("Bearer dcv_live_") for request in feed.requests)


# The feed fails


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_becomes_of_the_feed_no_event_is_lost_and_none_comes_twice(
    feed: FeedServer, receiver: Receiver, seed: int
) -> None:
    chance = random.Random(seed)
    faults = [hang_up, break_off(feed), answering(500), answering(503, b"busy"), answering(200, b"<html>")]
    faults += [answering(429, Retry_After="0"), answering(200), answering(502), answering(200, b'{"events":[7]}')]
    async with listening(feed, receiver.url, start=Start(after=0)) as (console, _):
        await console.is_ready()
        while len(feed.bodies) < 60:
            feed.faults.extend(chance.choices(faults, k=chance.randrange(4)))
            feed.add(chance.randrange(1, 6))
            await receiver.gets(len(feed.bodies))
    assert sequences(receiver) == list(range(1, len(feed.bodies) + 1))


async def test_that_the_feed_is_away_is_said_once_and_that_it_is_back_too(feed: FeedServer, receiver: Receiver) -> None:
    async with listening(feed, receiver.url) as (console, _):
        await console.is_ready()
        feed.faults.extend([answering(502)] * 5)
        feed.add(1)  # ends the wait of the present request
        feed.add(1)
        await receiver.gets(2)
        feed.add(1)
        await receiver.gets(3)
    assert len(console.lost) == console.connected_count == 1
    assert "answered 502" in console.lost[0]


async def test_a_feed_that_lets_nobody_wait_is_asked_once_a_second(feed: FeedServer, receiver: Receiver) -> None:
    feed.lets_wait = False
    begun = asyncio.get_running_loop().time()
    async with listening(feed, receiver.url):

        async def asked() -> bool:
            return len(feed.requests) >= 3

        await until(asked)
    assert asyncio.get_running_loop().time() - begun >= 0.95


async def test_a_feed_that_is_busy_at_the_start_is_waited_for(feed: FeedServer, receiver: Receiver) -> None:
    feed.faults.extend([answering(429), answering(503)])
    feed.add(1)
    async with listening(feed, receiver.url, start=Start(last=1)):
        await receiver.gets(1)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (hang_up, "Is it running, and is --url right?"),
        (answering(200, b"<html>"), "none of dcvd's"),
        (answering(404, b"not found"), "no answer of dcvd's"),
        (answering(301, Location="https://elsewhere.example/"), "leads to 'https://elsewhere.example/'"),
        (
            answering(401, b'{"title":"","status":401,"detail":"No.","code":"unauthenticated"}'),
            "does not take the token in DCVD_TOKEN",
        ),
        (answering(403, b'{"title":"","status":403,"detail":"Not yours.","code":"forbidden"}'), "Not yours."),
        (answering(410, b'{"title":"","status":410,"detail":"Past.","code":"events_past_retention"}'), "Past."),
    ],
)
async def test_what_asking_again_does_not_cure_ends_it_with_a_sentence(
    feed: FeedServer, fault: Fault, words: str
) -> None:
    feed.faults.extend([fault] * 3)
    error = await run_to_failure(feed)
    assert isinstance(error, DcvdError)
    assert words in error.message
    assert "dcv_live_" not in error.message
    assert len(feed.requests) <= 2, "aiohttp itself repeats a GET that was answered by nothing"


async def test_a_token_that_is_revoked_meanwhile_ends_it_too(feed: FeedServer, receiver: Receiver) -> None:
    gone = answering(401, b'{"title":"","status":401,"detail":"No.","code":"unauthenticated"}')
    failing = asyncio.create_task(run_to_failure(feed, receiver.url), name="test.failing")

    async def waits() -> bool:
        return len(feed.requests) == 2

    await until(waits)
    feed.faults.append(gone)
    feed.add(1)
    error = await failing
    assert isinstance(error, DcvdError)
    assert error.code == "unauthenticated"
    assert sequences(receiver) == [1]


async def test_a_url_where_nobody_listens_is_told_at_once(feed: FeedServer, unused_tcp_port: int) -> None:
    feed.url = f"http://127.0.0.1:{unused_tcp_port}"
    error = await run_to_failure(feed)
    assert str(error) == f"{feed.url} cannot be reached (Connection refused). Is it running, and is --url right?"


# The receiver fails


async def test_what_a_receiver_does_not_accept_is_shown_and_the_next_event_follows(
    feed: FeedServer, receiver: Receiver
) -> None:
    answers = iter([answering(500), answering(302, Location="/elsewhere"), hang_up, answering(204)])

    async def answer(request: web.Request) -> web.StreamResponse:
        return await next(answers)(request)

    receiver.answer = answer
    feed.add(4)
    async with listening(feed, receiver.url, start=Start(after=0)) as (console, _):
        await console.shows(4)
    assert receiver.by_path == {"/hooks": 4}
    assert [attempt.status for _, attempt, _, _ in console.attempts] == [500, 302, None, 204]
    assert [error is None for error in console.errors] == [False, False, False, True]
    assert "/elsewhere" in str(console.errors[1])
    assert console.errors[2] == "It closed the connection without an answer."


async def test_a_receiver_that_is_not_there_or_silent_is_told(
    feed: FeedServer, receiver: Receiver, unused_tcp_port: int
) -> None:
    feed.add(1)
    async with listening(feed, f"http://127.0.0.1:{unused_tcp_port}/hook", start=Start(last=1)) as (console, _):
        await console.shows(1)
    assert console.errors == ["Nobody answers there (Connection refused)."]

    async def stay_silent(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    receiver.answer = stay_silent
    async with listening(feed, receiver.url, start=Start(last=1), timeout_s=0.1) as (console, _):
        await console.shows(1)
    assert console.errors == ["It did not answer within 0.1 s."]


async def test_with_retries_an_event_is_sent_again_before_the_next_and_signed_anew(
    feed: FeedServer, receiver: Receiver
) -> None:
    answers = iter([answering(503), hang_up, answering(200), answering(500), answering(500), answering(500)])

    async def answer(request: web.Request) -> web.StreamResponse:
        return await next(answers, answering(204))(request)

    receiver.answer = answer
    feed.add(3)
    async with listening(feed, receiver.url, start=Start(after=0), retries=2) as (console, _):
        await console.shows(7)
    assert sequences(receiver) == [1, 1, 1, 2, 2, 2, 3]
    assert [number for _, _, number, _ in console.attempts] == [1, 2, 3, 1, 2, 3, 1]
    assert [delay for _, _, _, delay in console.attempts] == [1, 2, None, 1, 2, None, None]


async def test_each_event_has_a_connection_of_its_own(feed: FeedServer, receiver: Receiver) -> None:
    peers: list[object] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response(text="thanks")

    receiver.answer = answer
    feed.add(20)
    async with listening(feed, receiver.url, start=Start(after=0)) as (console, _):
        await console.shows(20)
    assert len(set(peers)) == 20


async def test_cookies_of_a_receiver_are_not_sent_back(feed: FeedServer, receiver: Receiver) -> None:
    receiver.answer = answering(204, Set_Cookie="session=1")
    feed.add(2)
    async with listening(feed, receiver.url.replace("127.0.0.1", "localhost"), start=Start(after=0)):
        await receiver.gets(2)
    assert "Cookie" not in receiver.received[1].headers


async def test_the_target_is_called_as_it_was_written(feed: FeedServer, receiver: Receiver) -> None:
    targets: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        targets.append(request.raw_path)
        return web.Response()

    receiver.answer = answer
    feed.add(1)
    async with listening(feed, f"{receiver.base}/hooks?a=%2F%61&b=x+y", start=Start(last=1)) as (console, _):
        await console.shows(1)
    assert targets == ["/hooks?a=%2F%61&b=x+y"]
