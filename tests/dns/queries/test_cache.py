"""What is kept, for how long, and who asks when many want the same."""

import asyncio

import pytest

from dcvd.dns.messages.reply import DnsReply, Referral
from dcvd.dns.queries.cache import MAX_TTL_S, ReplyCache


class Source:
    """Gives the replies in turn, the last one for ever, and moves the clock only when it is told to."""

    def __init__(self, *replies: DnsReply, max_replies: int = 100) -> None:
        self.now = 1000.0
        self.asked = 0
        self._replies = list(replies)
        self.cache = ReplyCache(lambda: self.now, max_replies=max_replies)

    async def ask(self) -> DnsReply:
        self.asked += 1
        await asyncio.sleep(0)
        return self._replies[min(self.asked, len(self._replies)) - 1]

    async def get(self, *, fresh: bool = False) -> DnsReply:
        return await self.cache.get("key", self.ask, bypass_cache=fresh)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (DnsReply(outcome="answered", ttl=60), 60),
        (DnsReply(outcome="answered", ttl=86_400), MAX_TTL_S),
        (DnsReply(outcome="servfail"), 5),
        (DnsReply(outcome="timeout"), 5),
        (DnsReply(outcome="not_authoritative", referral=Referral((), (), ()), ttl=40), 40),  # type: ignore[arg-type]
    ],
)
async def test_a_reply_is_kept_for_its_time(reply: DnsReply, seconds: int) -> None:
    source = Source(reply)
    await source.get()
    source.now += seconds - 0.5
    assert await source.get() is reply
    assert source.asked == 1
    source.now += 0.5
    await source.get()
    assert source.asked == 2


@pytest.mark.parametrize("ttl", [0, None])
async def test_what_has_no_time_to_live_is_not_kept(ttl: int | None) -> None:
    source = Source(DnsReply(outcome="answered", ttl=ttl))
    await source.get()
    await source.get()
    assert source.asked == 2


async def test_fresh_asks_again_and_keeps_what_it_learned() -> None:
    old, new = DnsReply(outcome="answered", ttl=60), DnsReply(outcome="answered", ttl=60, exists=True)
    source = Source(old, new)
    assert await source.get() is old
    assert await source.get(fresh=True) is new
    assert await source.get() is new


async def test_many_who_ask_at_once_share_one_question_even_of_what_is_not_kept() -> None:
    source = Source(DnsReply(outcome="answered"))
    replies = await asyncio.gather(*(source.get() for _ in range(10)))
    assert source.asked == 1
    assert len(replies) == 10


async def test_when_the_one_who_asks_is_cut_off_another_asks() -> None:
    source = Source(DnsReply(outcome="answered", ttl=60))
    first = asyncio.create_task(source.get())
    second = asyncio.create_task(source.get())
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).is_answered
    assert source.asked == 2
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_waiter_that_is_cut_off_leaves_the_question_to_the_others() -> None:
    source = Source(DnsReply(outcome="answered", ttl=60))
    first = asyncio.create_task(source.get())
    second = asyncio.create_task(source.get())
    await asyncio.sleep(0)
    second.cancel()
    assert (await first).is_answered
    assert source.asked == 1


async def test_the_number_of_kept_replies_is_bounded_and_the_oldest_go() -> None:
    source = Source(DnsReply(outcome="answered", ttl=60), max_replies=10)
    for number in range(30):
        await source.cache.get(number, source.ask)
    assert source.asked == 30
    for number in range(20, 30):
        await source.cache.get(number, source.ask)
    assert source.asked == 30
    await source.cache.get(19, source.ask)
    assert source.asked == 31


async def test_names_that_nobody_asks_for_any_more_take_no_memory() -> None:
    source = Source(DnsReply(outcome="answered", ttl=5), max_replies=1000)
    for number in range(100):
        await source.cache.get(number, source.ask)
    source.now += 4
    await source.cache.get("another", source.ask)
    assert len(source.cache) == 101
    source.now += 2
    await source.cache.get("one more", source.ask)
    assert len(source.cache) == 2
    assert await source.cache.get("another", source.ask) == DnsReply(outcome="answered", ttl=5)


async def test_a_reply_that_lasts_holds_up_those_after_it_for_no_longer_than_itself() -> None:
    source = Source(DnsReply(outcome="answered", ttl=MAX_TTL_S * 9), DnsReply(outcome="answered", ttl=1))
    await source.cache.get("long", source.ask)
    for number in range(50):
        await source.cache.get(number, source.ask)
    source.now += 60
    await source.cache.get("more", source.ask)
    assert len(source.cache) == 52
    source.now += MAX_TTL_S - 60
    await source.cache.get("last", source.ask)
    assert len(source.cache) == 1
