"""Chat services are told by Apprise, in threads that hold up nothing."""

import asyncio
import threading

from aiohttp import web

from dcvd.core.alerts.messages import Content
from dcvd.core.alerts.sending import SendOutcome
from dcvd.core.alerts.targets import Target, parse_targets
from dcvd.core.secret import Secret
from dcvd.messaging.chat import ChatSender
from tests.delivery.receivers import receiving
from tests.waiting import until

CONTENT = Content("Something happened", "A domain does not work: a.example\n")


def target_of(url: str) -> Target:
    (target,) = parse_targets(Secret(f"# ours\n\n{url.replace('http://', 'json://')}\n"))
    return target


async def test_a_service_gets_title_and_text() -> None:
    async with receiving() as receiver:
        result = await ChatSender().send(target_of(receiver.url), CONTENT, 30)
        (request,) = receiver.received
    assert result.outcome is SendOutcome.SENT, result
    assert b'"title": "Something happened"' in request.body
    assert b"a.example" in request.body


async def test_a_refusal_is_told_without_the_address_of_the_service() -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=403)

    async with receiving() as receiver:
        receiver.answer = refuse
        result = await ChatSender().send(target_of(f"{receiver.url}?key=s3cret"), CONTENT, 30)
    assert (result.outcome, result.is_general) == (SendOutcome.REFUSED, False)
    assert "s3cret" not in result.detail


async def test_what_is_no_address_of_a_service_is_refused() -> None:
    result = await ChatSender().send(target_of("nonsense://x"), CONTENT, 30)
    assert result.outcome is SendOutcome.REFUSED


async def test_a_service_that_hangs_is_given_up_in_time_and_keeps_its_thread() -> None:
    over = threading.Event()

    def hang(url: str, title: str, text: str) -> bool:
        return over.wait(30)

    sender = ChatSender(hang, max_threads=1)
    late = await sender.send(target_of("json://x"), CONTENT, 0.01)
    assert late.outcome is SendOutcome.DEFERRED
    busy = await sender.send(target_of("json://x"), CONTENT, 30)
    assert (busy.outcome, busy.is_general) == (SendOutcome.FAULT, True)
    over.set()

    async def is_free_again() -> bool:
        return (await sender.send(target_of("json://x"), CONTENT, 30)).outcome is SendOutcome.SENT

    await until(is_free_again)


async def test_whatever_a_service_raises_is_a_refusal() -> None:
    def break_down(url: str, title: str, text: str) -> bool:
        raise KeyError(url)

    result = await ChatSender(break_down).send(target_of("json://s3cret"), CONTENT, 30)
    assert result.outcome is SendOutcome.REFUSED
    assert "s3cret" not in result.detail


async def test_the_loop_goes_on_while_a_service_hangs() -> None:
    over, begun = threading.Event(), threading.Event()

    def hang(url: str, title: str, text: str) -> bool:
        begun.set()
        return over.wait(30)

    sending = asyncio.create_task(ChatSender(hang).send(target_of("json://x"), CONTENT, 30))

    async def has_begun() -> bool:
        return begun.is_set()

    await until(has_begun)
    assert not sending.done()
    over.set()
    assert (await sending).outcome is SendOutcome.SENT


def test_a_target_is_named_by_its_kind_and_a_hash() -> None:
    first, second = parse_targets(Secret("slack://tokenA/tokenB\ndiscord://id/token"))
    assert [each.fingerprint.split(" ")[0] for each in (first, second)] == ["slack", "discord"]
    assert "token" not in repr((first, second))
    assert parse_targets(None) == []
