"""Which addresses are asked, and whose silence is their own."""

import pytest

from dcvd.config import SocketAddress
from dcvd.dns.queries.reachability import Reachability

V4 = SocketAddress("8.8.8.8", 53)
V6 = SocketAddress("2001:4860:4860::8888", 53)


@pytest.fixture(autouse=True)
def _a_route(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dcvd.dns.queries.reachability._has_ipv6_route", lambda: True)


def test_a_few_public_addresses_of_a_name_are_kept_ipv4_first() -> None:
    found = ["2606:4700::1", "1.1.1.1", "1.0.0.1", "1.1.1.2", "10.0.0.1", "fd00::1", "127.0.0.1", "169.254.169.254"]
    assert [server.host for server in Reachability().select_addresses(found, "ns.test")] == [
        "1.0.0.1",
        "1.1.1.1",
        "2606:4700::1",
    ]


def test_without_a_route_no_ipv6_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dcvd.dns.queries.reachability._has_ipv6_route", lambda: False)
    assert Reachability().select_addresses(["2606:4700::1"], "ns.test") == []


def test_silence_over_ipv6_is_the_servers_own_once_ipv6_has_worked() -> None:
    routes = Reachability()
    assert routes.may_report_timeout(V4)
    assert not routes.may_report_timeout(V6)
    routes.record_answer(V6)
    assert routes.may_report_timeout(V6)


def test_ipv6_that_never_answers_is_given_up_for_a_while() -> None:
    now = [1000.0]
    routes = Reachability(lambda: now[0])
    for _ in range(4):
        assert routes.has_ipv6
        routes.record_timeout(V6)
    assert not routes.has_ipv6
    now[0] += 301
    assert routes.has_ipv6


def test_ipv6_that_works_is_not_given_up_for_dead_servers() -> None:
    routes = Reachability()
    routes.record_answer(V6)
    for _ in range(10):
        routes.record_timeout(V6)
    assert routes.has_ipv6
