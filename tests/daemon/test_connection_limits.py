"""How many connections clients may have, given the process's descriptors."""

import pytest
import structlog
from msgspec.structs import replace

from dcvd.config import Config
from dcvd.daemon.connection_limits import derive_connection_limits
from dcvd.kit.http.server.connections import ConnectionLimits


def configured(**server: object) -> Config:
    return Config(server=replace(Config().server, **server))


@pytest.mark.parametrize(
    ("descriptors", "limits"),
    [
        (256, ConnectionLimits(tcp=64, tcp_per_client=16, unix=32)),
        (1024, ConnectionLimits(tcp=512, tcp_per_client=128, unix=64)),
        (65_536, ConnectionLimits(tcp=10_000, tcp_per_client=2_500, unix=64)),
    ],
)
def test_clients_get_a_part_of_the_descriptors_and_operators_their_own(
    descriptors: int, limits: ConnectionLimits
) -> None:
    assert derive_connection_limits(configured(), descriptor_limit=descriptors) == limits


def test_work_of_our_own_is_counted_first() -> None:
    busy = replace(configured(), webhooks=replace(Config().webhooks, concurrency=400))
    assert derive_connection_limits(busy, descriptor_limit=1024).tcp == 1024 - 64 - (64 + 400 + 64 + 32 + 8 + 9)


def test_without_tcp_the_unix_socket_is_for_all() -> None:
    assert derive_connection_limits(configured(listen=()), descriptor_limit=1024).unix == 512


def test_the_configuration_wins_and_is_warned_of_a_limit_that_leaves_no_reserve() -> None:
    few = configured(max_connections=8, max_connections_per_address=3)
    many = configured(max_connections=1000)
    with structlog.testing.capture_logs() as lines:
        assert derive_connection_limits(few, descriptor_limit=1024) == ConnectionLimits(
            tcp=8, tcp_per_client=3, unix=64
        )
        assert lines == []
        assert derive_connection_limits(many, descriptor_limit=1024).tcp == 1000
    assert [line["event"] for line in lines] == ["daemon.max_connections_high"]
