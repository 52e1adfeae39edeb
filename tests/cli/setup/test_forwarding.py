"""What the doctor says of a proxy, from what arrived through it."""

from ipaddress import ip_network

import pytest
from msgspec.structs import replace

from dcvd.cli.setup.examinations.forwarding import CLAIM, find_host_problem, is_direct, judge_clients
from dcvd.config import Config
from dcvd.core.http.arrivals import Arrival

ARRIVAL = Arrival(
    peer="127.0.0.1",
    host="dcv.example.net",
    forwarded_for=[f"{CLAIM}, 198.51.100.7"],
    http_version="1.1",
    is_last=False,
)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "trusted", "status", "said"),
    [
        ("127.0.0.1", [f"{CLAIM}, 198.51.100.7"], ["127.0.0.1"], "ok", "knows this machine as 198.51.100.7."),
        ("::ffff:127.0.0.1", [CLAIM, "198.51.100.7"], ["127.0.0.1"], "ok", "The proxy at 127.0.0.1 says"),
        ("127.0.0.1", ["198.51.100.7"], ["127.0.0.1"], "ok", "knows this machine as 198.51.100.7."),
        ("127.0.0.1", [f"{CLAIM}, 127.0.0.1"], ["127.0.0.0/8"], "ok", "knows this machine as 127.0.0.1."),
        ("10.0.0.5", ["198.51.100.7"], [], "failing", 'set server.trusted_proxies = ["10.0.0.5"].'),
        ("10.0.0.5", ["198.51.100.7"], ["::1"], "failing", 'server.trusted_proxies = ["::1/128", "10.0.0.5"].'),
        ("127.0.0.1", ["198.51.100.7, 10.0.0.5"], ["127.0.0.1"], "failing", '["127.0.0.1/32", "10.0.0.5"].'),
        ("127.0.0.1", [], ["127.0.0.1"], "failing", "sends no X-Forwarded-For, so all clients look like one"),
        ("127.0.0.1", [CLAIM], ["127.0.0.1"], "failing", "so they can claim any address"),
        ("127.0.0.1", [CLAIM, ""], ["127.0.0.1"], "failing", "so they can claim any address"),
        ("127.0.0.1", ["198.51.100.7:4711"], ["127.0.0.1"], "failing", "'198.51.100.7:4711' into X-Forwarded-For"),
        ("127.0.0.1", ["unknown"], ["127.0.0.1"], "failing", "'unknown' into X-Forwarded-For, which is no address"),
    ],
)
def test_a_proxy_has_to_say_for_whom_it_asks_and_to_be_believed(
    peer: str, forwarded_for: list[str], trusted: list[str], status: str, said: str
) -> None:
    arrival = replace(ARRIVAL, peer=peer, forwarded_for=forwarded_for)
    found = judge_clients(arrival, list(map(ip_network, trusted)))
    assert (found.part, found.status, said in found.message) == ("trusted_proxies", status, True), found.message


def test_a_proxy_that_does_two_things_wrong_is_told_of_both() -> None:
    found = judge_clients(replace(ARRIVAL, peer="10.0.0.5", forwarded_for=[]), [])
    assert 'set server.trusted_proxies = ["10.0.0.5"].' in found.message
    assert "sends no X-Forwarded-For" in found.message


def test_a_proxy_that_opens_a_connection_for_each_request_works_and_is_told_how_it_need_not() -> None:
    found = judge_clients(replace(ARRIVAL, http_version="1.0", is_last=True), [ip_network("127.0.0.1")])
    assert (found.status, "have it keep them open (nginx: proxy_http_version 1.1" in found.message) == ("ok", True)


@pytest.mark.parametrize(
    ("host", "hosts", "said"),
    [
        ("dcv.example.net", (), None),
        ("dcvd", (), None),
        ("DCV.example.net:443", ("dcv.example.net",), None),
        (
            "dcvd",
            ("dcv.example.net",),
            "the host 'dcvd', which server.hosts refuses, instead of dcv.example.net",
        ),
        (None, ("dcv.example.net",), "have it keep Host (nginx: proxy_set_header Host $host)"),
        (
            "dcv.example.net",
            ("other.example.net",),
            "refuses dcv.example.net, by which people come: add it",
        ),
    ],
)
def test_the_host_matters_where_the_configuration_names_some(
    config: Config, host: str | None, hosts: tuple[str, ...], said: str | None
) -> None:
    server = replace(config.server, public_url="https://dcv.example.net", hosts=hosts)
    found = find_host_problem(replace(ARRIVAL, host=host), server)
    assert (found is None) if said is None else (found is not None and said in found), found


def test_only_what_comes_as_it_was_sent_without_tls_may_come_without_a_proxy() -> None:
    untouched = replace(ARRIVAL, forwarded_for=[CLAIM])
    assert is_direct(untouched, "http://127.0.0.1:8080")
    assert not is_direct(untouched, "https://dcv.example.net")
    assert not is_direct(ARRIVAL, "http://dcv.example.net")
