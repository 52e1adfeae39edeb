"""Looking up names without letting a silent name server hold anything up."""

import asyncio
import socket
from ipaddress import ip_address

import pytest

from dcvd.kit.egress.system_resolver import SystemResolver
from tests.system_names import Resolver


async def test_a_name_gives_all_its_addresses_of_both_families(resolver: Resolver) -> None:
    resolver.answers["a.example"] = [["1.1.1.1", "2606:4700::1111"]]
    assert await SystemResolver(1).resolve("a.example") == [ip_address("1.1.1.1"), ip_address("2606:4700::1111")]


async def test_the_systems_own_resolver_is_asked() -> None:
    assert ip_address("127.0.0.1") in await SystemResolver(1).resolve("127.0.0.1")


async def test_a_failure_is_what_getaddrinfo_raised_and_frees_its_slot(resolver: Resolver) -> None:
    lookups = SystemResolver(1)
    for _ in range(3):
        with pytest.raises(socket.gaierror, match="Name or service not known"):
            async with asyncio.timeout(10):
                await lookups.resolve("missing.example")


async def test_a_name_that_python_cannot_encode_is_a_failed_lookup() -> None:
    with pytest.raises(socket.gaierror):
        await SystemResolver(1).resolve("a" * 70 + ".example")


async def test_an_abandoned_lookup_keeps_its_slot_until_it_ends_and_no_longer(resolver: Resolver) -> None:
    resolver.silent_names = {"dead.example"}
    resolver.answers["alive.example"] = [["1.1.1.1"]]
    lookups = SystemResolver(1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await lookups.resolve("dead.example")
    waiting = asyncio.create_task(lookups.resolve("alive.example"))
    await asyncio.sleep(0.05)
    assert resolver.asked == ["dead.example"]
    resolver.silent.set()
    async with asyncio.timeout(10):
        assert await waiting == [ip_address("1.1.1.1")]


async def test_who_asks_for_a_name_that_is_being_looked_up_waits_along(resolver: Resolver) -> None:
    resolver.silent_names = {"slow.example"}
    resolver.answers["slow.example"] = [["1.1.1.1"]]
    lookups = SystemResolver(2)
    asking = [asyncio.create_task(lookups.resolve("slow.example")) for _ in range(5)]
    await asyncio.sleep(0.05)
    asking[0].cancel()
    resolver.silent.set()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*asking[1:]) == [[ip_address("1.1.1.1")]] * 4
    assert resolver.asked == ["slow.example"]
    assert await lookups.resolve("slow.example") == [ip_address("1.1.1.1")]
    assert resolver.asked == ["slow.example"] * 2


async def test_two_that_waited_for_a_place_with_one_name_need_one_lookup(resolver: Resolver) -> None:
    resolver.silent_names = {"dead.example"}
    resolver.answers.update({"dead.example": [["1.1.1.1"]], "alive.example": [["1.1.1.1"]]})
    lookups = SystemResolver(1)
    dead = asyncio.create_task(lookups.resolve("dead.example"))
    await asyncio.sleep(0)
    asking = [asyncio.create_task(lookups.resolve("alive.example")) for _ in range(3)]
    await asyncio.sleep(0)
    resolver.silent.set()
    async with asyncio.timeout(10):
        await asyncio.gather(dead, *asking)
        assert await lookups.resolve("dead.example") == [ip_address("1.1.1.1")]  # no place was lost
