"""Looking up names without letting a silent name server hold anything up."""

import asyncio
import socket
import threading
from ipaddress import ip_address
from pathlib import Path

import pytest

from dcvd.kit.egress.hosts_file import HostsFile
from dcvd.kit.egress.system_resolver import SystemResolver, make_absolute
from tests.system_names import Resolver
from tests.waiting import until


async def test_a_name_gives_all_its_addresses_of_both_families(resolver: Resolver) -> None:
    resolver.answers["a.example"] = [["1.1.1.1", "2606:4700::1111"]]
    assert await SystemResolver(1).resolve("a.example", "org_a") == [
        ip_address("1.1.1.1"),
        ip_address("2606:4700::1111"),
    ]


async def test_the_systems_own_resolver_is_asked() -> None:
    assert ip_address("127.0.0.1") in await SystemResolver(1).resolve("127.0.0.1", "org_a")


async def test_a_failure_is_what_getaddrinfo_raised_and_frees_its_slot(resolver: Resolver) -> None:
    lookups = SystemResolver(1)
    for _ in range(3):
        with pytest.raises(socket.gaierror, match="Name or service not known"):
            async with asyncio.timeout(10):
                await lookups.resolve("missing.example", "org_a")


async def test_a_name_that_python_cannot_encode_is_a_failed_lookup() -> None:
    with pytest.raises(socket.gaierror):
        await SystemResolver(1).resolve("a" * 70 + ".example", "org_a")


async def test_an_abandoned_lookup_keeps_its_slot_until_it_ends_and_no_longer(resolver: Resolver) -> None:
    resolver.silent_names = {"dead.example"}
    resolver.answers["alive.example"] = [["1.1.1.1"]]
    lookups = SystemResolver(1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await lookups.resolve("dead.example", "org_a")
    waiting = asyncio.create_task(lookups.resolve("alive.example", "org_a"))
    await until(lambda: _has_asked(resolver, "dead.example"))
    await asyncio.sleep(0.05)
    assert resolver.asked == ["dead.example"]
    resolver.silent.set()
    async with asyncio.timeout(10):
        assert await waiting == [ip_address("1.1.1.1")]


async def test_who_asks_for_a_name_that_is_being_looked_up_waits_along(resolver: Resolver) -> None:
    resolver.silent_names = {"slow.example"}
    resolver.answers["slow.example"] = [["1.1.1.1"]]
    lookups = SystemResolver(2)
    asking = [asyncio.create_task(lookups.resolve("slow.example", "org_a")) for _ in range(5)]
    await asyncio.sleep(0.05)
    asking[0].cancel()
    resolver.silent.set()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*asking[1:]) == [[ip_address("1.1.1.1")]] * 4
    assert resolver.asked == ["slow.example"]
    assert await lookups.resolve("slow.example", "org_a") == [ip_address("1.1.1.1")]
    assert resolver.asked == ["slow.example"] * 2


async def test_two_that_waited_for_a_place_with_one_name_need_one_lookup(resolver: Resolver) -> None:
    resolver.silent_names = {"dead.example"}
    resolver.answers.update({"dead.example": [["1.1.1.1"]], "alive.example": [["1.1.1.1"]]})
    lookups = SystemResolver(1)
    dead = asyncio.create_task(lookups.resolve("dead.example", "org_a"))
    await asyncio.sleep(0)
    asking = [asyncio.create_task(lookups.resolve("alive.example", "org_a")) for _ in range(3)]
    await asyncio.sleep(0)
    resolver.silent.set()
    async with asyncio.timeout(10):
        await asyncio.gather(dead, *asking)
        assert await lookups.resolve("dead.example", "org_a") == [ip_address("1.1.1.1")]  # no place was lost


async def test_one_owner_with_many_dead_names_leaves_the_others_their_lookups(resolver: Resolver) -> None:
    dead_names = [f"dead{number}.example" for number in range(20)]
    resolver.silent_names = set(dead_names)
    resolver.answers["alive.example"] = [["1.1.1.1"]]
    lookups = SystemResolver(3)
    given_up = [asyncio.create_task(lookups.resolve(name, "org_dead")) for name in dead_names]
    await asyncio.sleep(0)
    for task in given_up[:10]:
        task.cancel()
    # A lookup's thread is there at once; when it asks is up to the machine.
    await until(lambda: _has_asked(resolver, *dead_names[:3]))
    for _ in range(3):
        async with asyncio.timeout(10):
            assert await lookups.resolve("alive.example", "org_alive") == [ip_address("1.1.1.1")]
    assert set(resolver.asked) == {*dead_names[:3], "alive.example"}
    resolver.silent.set()
    async with asyncio.timeout(10):
        await asyncio.wait(given_up)
        assert await lookups.resolve("alive.example", "org_dead") == [ip_address("1.1.1.1")]  # no place was lost


async def test_owners_with_many_dead_names_leave_a_part_of_the_lookups_to_whoever_comes_next(
    resolver: Resolver,
) -> None:
    resolver.silent_names = {f"dead{number}.{owner}" for number in range(20) for owner in ("a", "b", "c", "d")}
    lookups = SystemResolver(10)
    given_up = []
    held: list[int] = []
    for owner in ("a", "b", "c", "d"):
        given_up += [
            asyncio.create_task(lookups.resolve(name, owner)) for name in resolver.silent_names if name.endswith(owner)
        ]
        await asyncio.sleep(0)
        # A lookup's thread is there at once; when it asks is up to the machine.
        names = [thread.name for thread in threading.enumerate()]
        held.append(sum(name.startswith("lookup dead") and name.endswith(f".{owner}") for name in names))
    assert held == [10, 5, 3, 1]  # each took half of what was free
    resolver.silent.set()
    async with asyncio.timeout(30):
        await asyncio.wait(given_up)


async def test_a_lookup_that_another_owner_began_takes_none_of_ones_own(resolver: Resolver) -> None:
    resolver.silent_names = {"shared.example"}
    resolver.answers.update({"shared.example": [["1.1.1.1"]], "own.example": [["1.1.1.2"]]})
    lookups = SystemResolver(1)
    first = asyncio.create_task(lookups.resolve("shared.example", "org_a"))
    second = asyncio.create_task(lookups.resolve("shared.example", "org_b"))
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert await lookups.resolve("own.example", "org_b") == [ip_address("1.1.1.2")]
    resolver.silent.set()
    async with asyncio.timeout(10):
        assert (await first, await second) == ([ip_address("1.1.1.1")], [ip_address("1.1.1.1")])


@pytest.mark.parametrize("name", ["hooks.example", "hooks.example.", "receiver"])
async def test_a_name_is_asked_with_the_final_dot_so_that_no_search_domain_answers_for_it(
    resolver: Resolver, name: str
) -> None:
    resolver.answers[name.rstrip(".")] = [["1.1.1.1"]]
    assert await SystemResolver(1).resolve(name, "org_a") == [ip_address("1.1.1.1")]
    assert resolver.asked_exactly == [f"{name.rstrip('.')}."]


def test_a_name_of_the_hosts_file_is_asked_as_it_stands_there(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts_file = HostsFile(hosts)
    hosts.write_text("# hooks.example\n10.0.0.1\tReceiver.corp.example alias # comment.example\n\n::1 localhost\n")
    asked = ["receiver.corp.example", "alias.", "localhost", "hooks.example", "comment.example", "10.0.0.1"]
    assert [make_absolute(name, hosts_file) for name in asked] == [
        "receiver.corp.example",
        "alias",
        "localhost",
        "hooks.example.",
        "comment.example.",
        "10.0.0.1",
    ]
    hosts.write_text("10.0.0.1 hooks.example\n")  # it is read again when it changes
    assert make_absolute("hooks.example", hosts_file) == "hooks.example"
    assert make_absolute("alias", hosts_file) == "alias."
    hosts.unlink()
    assert make_absolute("hooks.example", hosts_file) == "hooks.example."


async def _has_asked(resolver: Resolver, *names: str) -> bool:
    return set(names) <= set(resolver.asked)
