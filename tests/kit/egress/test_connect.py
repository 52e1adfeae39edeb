"""A name with several addresses: one that answers is enough, and not all of them are tried."""

import socket

from dcvd.core.http.exchanges import FailureReason
from tests.kit.receivers import egress, failure, ok, open_sockets, receiver, silent_backlog
from tests.system_names import Resolver
from tests.waiting import until


async def _is(value: bool) -> bool:
    return value


async def test_an_address_that_refuses_gives_way_to_the_next_of_the_name(resolver: Resolver) -> None:
    async with receiver(ok) as port, egress() as client:
        resolver.answers["both.example"] = [["::1", "127.0.0.2", "127.0.0.1"]]
        answer = await client.post(f"http://both.example:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
    assert answer.remote_ip == "127.0.0.1"


async def test_an_address_that_is_silent_gives_way_to_the_next_of_the_name(resolver: Resolver) -> None:
    async with receiver(ok) as port, silent_backlog("127.0.0.2", port), egress() as client:
        resolver.answers["both.example"] = [["127.0.0.2", "127.0.0.1"]]
        before = open_sockets()
        answer = await client.post(f"http://both.example:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
        assert answer.remote_ip == "127.0.0.1"
        assert answer.timings.connect_ms is not None
        assert answer.timings.connect_ms >= 240
        await until(lambda: _is(len(open_sockets() - before) == 2))  # the winner's two ends
    assert resolver.asked == ["both.example"]


async def test_a_name_with_very_many_addresses_is_tried_at_a_few(resolver: Resolver) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        resolver.answers["many.example"] = [[f"127.0.{number}.1" for number in range(1, 200)]]
        async with egress() as client:
            error = await failure(client, f"http://many.example:{port}/")
    assert error.reason is FailureReason.CONNECTION_REFUSED
    assert len(getattr(error.__cause__, "errors", [])) == 8
