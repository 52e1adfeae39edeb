"""Which servers are left alone for a while, and which are not."""

import pytest

from dcvd.config import SocketAddress
from dcvd.dns.queries.server_health import DOWN_FOR_S, DnsServerHealth
from tests.remembered import Keys

SERVER = SocketAddress("192.0.2.53", 53)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> DnsServerHealth:
    return DnsServerHealth(clock)


def test_three_timeouts_in_a_row_about_one_zone_count_for_that_zone(health: DnsServerHealth) -> None:
    assert [health.record_timeout(SERVER, "a.test") for _ in range(3)] == [False, False, True]
    assert health.is_down(SERVER, "a.test")
    assert not health.is_down(SERVER, "b.test")


def test_timeouts_about_three_zones_count_for_all(health: DnsServerHealth) -> None:
    assert [health.record_timeout(SERVER, zone) for zone in ("a.test", "b.test", "c.test")] == [False, False, True]
    assert health.is_down(SERVER, "d.test")


def test_an_answer_ends_the_row(health: DnsServerHealth) -> None:
    for zone in ("a.test", "b.test"):
        health.record_timeout(SERVER, zone)
    health.record_answer(SERVER)
    assert not health.is_suspect(SERVER)
    assert not health.record_timeout(SERVER, "c.test")


def test_after_its_time_it_is_tried_again_and_one_more_silence_is_enough(health: DnsServerHealth, clock: Clock) -> None:
    for _ in range(3):
        health.record_timeout(SERVER, "a.test")
    clock.now += DOWN_FOR_S
    assert not health.is_down(SERVER, "a.test")
    assert health.is_suspect(SERVER)
    assert health.record_timeout(SERVER, "a.test")


def test_no_number_of_servers_and_zones_fills_the_memory(health: DnsServerHealth) -> None:
    servers = [SocketAddress(f"host{number}", 53) for number in range(10_050)]
    for server in servers:
        health.record_timeout(server, "a.test")
    assert sum(map(health.is_suspect, servers)) == 10_000
    assert not health.is_suspect(servers[0])
    zones = Keys()
    for number in range(200):
        _let_time_out(health, zones.make(f"z{number}.test"))
    assert len(zones.remembered) == 100


def _let_time_out(health: DnsServerHealth, zone: str) -> None:
    for _ in range(3):
        health.record_timeout(SERVER, zone)
