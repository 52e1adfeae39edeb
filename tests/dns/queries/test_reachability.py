"""Which addresses are asked, and whose silence is their own."""

import time
from collections.abc import Callable

from dcvd.config import SocketAddress
from dcvd.dns.queries.reachability import Reachability

V4 = SocketAddress("8.8.8.8", 53)
V6 = SocketAddress("2001:4860:4860::8888", 53)


def _reachability(monotonic: Callable[[], float] = time.monotonic, *, has_route: bool = True) -> Reachability:
    return Reachability(monotonic, find_ipv6_route=lambda: has_route)


def test_a_few_public_addresses_of_a_name_are_kept_ipv4_first() -> None:
    found = ["2606:4700::1", "1.1.1.1", "1.0.0.1", "1.1.1.2", "10.0.0.1", "fd00::1", "127.0.0.1", "169.254.169.254"]
    assert [server.host for server in _reachability().select_addresses(found, "ns.test")] == [
        "1.0.0.1",
        "1.1.1.1",
        "2606:4700::1",
    ]


def test_without_a_route_no_ipv6_is_asked() -> None:
    assert _reachability(has_route=False).select_addresses(["2606:4700::1"], "ns.test") == []


def test_silence_over_ipv6_is_the_servers_own_once_ipv6_has_worked() -> None:
    routes = _reachability()
    assert routes.may_report_timeout(V4)
    assert not routes.may_report_timeout(V6)
    routes.record_answer(V6)
    assert routes.may_report_timeout(V6)


def test_ipv6_that_never_answers_is_given_up_for_a_while() -> None:
    now = [1000.0]
    routes = _reachability(lambda: now[0])
    for _ in range(4):
        assert routes.has_ipv6
        routes.record_timeout(V6)
    assert not routes.has_ipv6
    now[0] += 301
    assert routes.has_ipv6


def test_ipv6_that_works_is_not_given_up_for_dead_servers() -> None:
    routes = _reachability()
    routes.record_answer(V6)
    for _ in range(10):
        routes.record_timeout(V6)
    assert routes.has_ipv6
