"""Calls of addresses that tenants chose: away from private networks, and each with its share of the lookups."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Network

import pytest

from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.http.fetch import MAX_CONNECTIONS, FetchFailed, FetchRefused, FetchResponse
from dcvd.kit.http.guarded_fetch import GuardedFetcher
from tests.kit.receivers import LOOPBACK, PUBLIC, ok, receiver
from tests.system_names import Resolver
from tests.waiting import until


@asynccontextmanager
async def fetching(policy: EgressPolicy) -> AsyncIterator[GuardedFetcher]:
    fetcher = GuardedFetcher(policy)
    await fetcher.start()
    try:
        yield fetcher
    finally:
        await fetcher.close()


async def read(fetcher: GuardedFetcher, url: str, *, owner: str = "org_a", timeout_s: float = 10.0) -> FetchResponse:
    return await fetcher.get(url, owner=owner, timeout_s=timeout_s, max_bytes=1000)


async def test_a_name_without_an_answer_says_that_nothing_was_sent(resolver: Resolver) -> None:
    resolver.silent_names = {"slow.example"}
    async with fetching(PUBLIC) as fetcher:
        with pytest.raises(FetchRefused, match=r"unknown\.example leads to no public address"):
            await read(fetcher, "http://unknown.example/")
        with pytest.raises(FetchFailed, match="did not answer") as silent:
            await read(fetcher, "http://slow.example/", timeout_s=0.05)
    assert not silent.value.may_have_arrived


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "0x7f.1", "2130706433", "localhost"]
)
async def test_a_private_address_is_refused_where_a_policy_keeps_from_it(host: str) -> None:
    async with fetching(PUBLIC) as fetcher:
        with pytest.raises(FetchRefused) as caught:
            await read(fetcher, f"http://{host}/")
    assert caught.value.code == "address_refused"


async def test_a_name_that_leads_to_a_private_address_is_refused(resolver: Resolver) -> None:
    resolver.answers["inside.example"] = [["10.1.2.3", "fd00::1"]]
    async with fetching(PUBLIC) as fetcher:
        with pytest.raises(FetchRefused, match=r"inside\.example leads to no public address"):
            await read(fetcher, "http://inside.example/")


async def test_a_name_is_looked_up_once_and_exactly_what_was_judged_is_dialled(resolver: Resolver) -> None:
    policy = EgressPolicy(allow_http=True, allow_private=(IPv4Network("127.0.0.1/32"),))
    async with receiver(ok) as port, fetching(policy) as fetcher:
        # Rebinding: right at the first look, elsewhere at every later one.
        resolver.answers["turn.example"] = [["127.0.0.1"], ["127.0.0.2"]]
        assert (await read(fetcher, f"http://turn.example:{port}/")).body == b"fine"
    assert resolver.asked == ["turn.example"]
    async with fetching(policy) as fetcher:
        with pytest.raises(FetchRefused):
            await read(fetcher, f"http://turn.example:{port}/")


async def test_of_several_addresses_only_those_that_may_be_dialled_are(resolver: Resolver) -> None:
    resolver.answers["both.example"] = [["10.1.2.3", "127.0.0.1"]]
    async with receiver(ok) as port, fetching(LOOPBACK) as fetcher:
        assert (await read(fetcher, f"http://both.example:{port}/", timeout_s=5)).status == 200


async def test_the_dead_names_of_one_owner_leave_the_others_their_lookups(resolver: Resolver) -> None:
    resolver.silent_names = {f"dead{number}.example" for number in range(MAX_CONNECTIONS)}
    resolver.answers["alive.example"] = [["127.0.0.1"]]

    async def are_all_asked() -> bool:
        return len(resolver.asked) == MAX_CONNECTIONS

    async with receiver(ok) as port, fetching(LOOPBACK) as fetcher:
        urls = [f"http://{name}/" for name in resolver.silent_names]
        calls = [asyncio.create_task(read(fetcher, url, owner="org_dead")) for url in urls]
        await until(are_all_asked)
        for call in calls:
            call.cancel()  # the lookups go on
        await asyncio.wait(calls)
        url = f"http://alive.example:{port}/"
        assert (await read(fetcher, url, owner="org_alive", timeout_s=4)).status == 200  # silence lasts five seconds
