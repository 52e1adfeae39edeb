"""Who is to blame where there is no tunnel: the proxy, which is our own, or the receiver."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from dcvd.core.http.exchanges import FailureReason, OwnFault
from dcvd.kit.egress.control import ControlServer, ControlVerdict
from dcvd.kit.egress.proxying.proxy import HttpProxy
from tests.descriptors import no_descriptor_left
from tests.kit.egress.proxying.test_proxy import http_proxy
from tests.kit.proxies import ConnectProxy, Misbehaviour, proxying
from tests.kit.receivers import egress, failure, ok, receiver, silent_backlog
from tests.system_names import Resolver

TARGET = "http://127.0.0.1:9/"
AUTHORITY = "127.0.0.1:9"


def _control(port: int, proxy: HttpProxy, timeout_s: float = 10.0) -> ControlServer:
    return ControlServer(
        lambda: f"http://127.0.0.1:{port}/client/v4", timeout_s=timeout_s, proxy=proxy, fault_lifetime_s=0
    )


async def _close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close without an answer."""


async def _reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def _answering(piece: bytes) -> Callable[[ConnectProxy], None]:
    return lambda proxy: proxy.answer(piece)


def _doing(misbehave: Misbehaviour) -> Callable[[ConnectProxy], None]:
    def apply(proxy: ConnectProxy) -> None:
        proxy.misbehave = misbehave

    return apply


@pytest.mark.parametrize(
    ("misbehave", "clause"),
    [
        (_answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), "it answered 407 to CONNECT"),
        (_answering(b"HTTP/1.0 403 Filtered\r\nContent-Length: 1000000\r\n\r\n"), "it answered 403 to CONNECT"),
        (_answering(b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n"), "it answered 302 to CONNECT"),
        (_answering(b"SSH-2.0-OpenSSH_9.2\r\n"), "something that is not HTTP/1"),
        (_answering(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000), "longer than 16 KiB"),
        (_answering(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), "something that is not HTTP/1"),
        (_doing(_close), "it closed the connection without an answer"),
        (_doing(_reset), "without an answer"),
    ],
    ids=["407", "403", "302", "garbage", "too long", "101", "closed", "reset"],
)
async def test_a_proxy_that_refuses_us_or_answers_nonsense_is_our_own_fault_although_the_control_works(
    misbehave: Callable[[ConnectProxy], None], clause: str
) -> None:
    async with proxying() as proxy, receiver(ok) as port, proxying() as good_proxy:
        misbehave(proxy)
        control = _control(port, http_proxy(good_proxy.port))
        async with egress(control=control, proxy=http_proxy(proxy.port)) as client:
            error = await failure(client, TARGET)
        assert good_proxy.asked == []  # nobody had to ask
    assert error.own_fault is OwnFault.PROXY
    assert f"the proxy 127.0.0.1:{proxy.port} is at fault" in error.message
    assert clause in error.message


async def test_a_proxy_that_cannot_be_reached_is_our_own_fault(unused_tcp_port: int, resolver: Resolver) -> None:
    resolver.failing_names = {"proxy.example"}
    for host, clause in (
        ("127.0.0.1", "it cannot be reached (Connection refused)"),
        ("proxy.example", "its name cannot be resolved (Temporary failure"),
        ("unknown.example", "its name cannot be resolved (The name unknown.example leads to no"),
    ):
        async with egress(proxy=HttpProxy(f"http://{host}:{unused_tcp_port}")) as client:
            error = await failure(client, TARGET)
        assert error.own_fault is OwnFault.PROXY
        assert clause in error.message


async def test_a_proxys_name_is_looked_up_and_any_of_its_addresses_will_do(resolver: Resolver) -> None:
    resolver.answers["proxy.example"] = [["127.0.0.2", "127.0.0.1"]]
    async with (
        proxying() as proxy,
        receiver(ok) as port,
        receiver(ok) as other_port,
        egress(proxy=HttpProxy(f"http://proxy.example:{proxy.port}")) as client,
    ):
        for each in (port, other_port):
            await client.post(f"http://127.0.0.1:{each}/", b"{}", {}, timeout_s=60, owner="org_a")
    assert resolver.asked == ["proxy.example"]


async def test_a_machine_without_descriptors_is_not_the_proxys_fault() -> None:
    async with proxying() as proxy, egress(proxy=http_proxy(proxy.port)) as client:
        with no_descriptor_left():
            error = await failure(client, TARGET)
    assert (error.own_fault, error.reason) == (OwnFault.LIMIT, FailureReason.OWN_LIMIT)


@asynccontextmanager
async def _refusing(status: int, *, also_control: bool) -> AsyncIterator[tuple[ConnectProxy, ControlServer]]:
    async with proxying() as proxy, receiver(ok) as port:
        proxy.refusals[AUTHORITY] = status
        if also_control:
            proxy.refusals[f"127.0.0.1:{port}"] = status
        yield proxy, _control(port, http_proxy(proxy.port))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_proxy_that_fails_to_reach_the_receiver_alone_tells_of_the_receiver(status: int) -> None:
    async with _refusing(status, also_control=False) as (proxy, control):
        async with egress(control=control, proxy=http_proxy(proxy.port)) as client:
            error = await failure(client, TARGET)
        assert len(proxy.asked) == 2  # the control went the same way
    assert (error.kind, error.reason, error.own_fault) == ("connect", FailureReason.HOST_UNREACHABLE, None)
    assert error.message == f"127.0.0.1 port 9 cannot be reached: the proxy on the way answered {status}."


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_proxy_that_reaches_nobody_is_our_own_fault(status: int) -> None:
    async with (
        _refusing(status, also_control=True) as (proxy, control),
        egress(control=control, proxy=http_proxy(proxy.port)) as client,
    ):
        assert (await failure(client, TARGET)).own_fault is OwnFault.PROXY
        proxy.refusals = {AUTHORITY: status}
        assert (await failure(client, TARGET)).own_fault is None


async def test_a_receiver_on_which_the_proxy_waits_is_to_blame_only_while_the_control_can_be_reached() -> None:
    async with silent_backlog("127.0.0.1") as silent, receiver(ok) as port, proxying() as proxy:
        through = http_proxy(proxy.port)
        faults = []
        for control in (_control(port, through), _control(silent, through, 0.1)):
            async with egress(control=control, proxy=through) as client:
                error = await failure(client, f"http://127.0.0.1:{silent}/", within=0.1)
            assert error.kind == "timeout"
            faults.append(error.own_fault)
    assert faults == [None, OwnFault.PROXY]


async def test_a_proxy_that_takes_connections_and_says_nothing_is_our_own_fault() -> None:
    never = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()

    async with receiver(ok) as port, proxying() as proxy:
        proxy.misbehave = say_nothing
        through = http_proxy(proxy.port)
        async with egress(control=_control(port, through, 0.1), proxy=through) as client:
            assert (await failure(client, TARGET, within=0.1)).own_fault is OwnFault.PROXY


async def test_the_control_tells_of_the_proxy_whatever_is_wrong_with_it(unused_tcp_port: int) -> None:
    async with receiver(ok) as port, proxying() as proxy:
        assert (await _control(port, http_proxy(unused_tcp_port)).ask()).way is OwnFault.PROXY
        proxy.answer(b"HTTP/1.1 407 No\r\n\r\n")
        assert (await _control(port, http_proxy(proxy.port)).ask()) == ControlVerdict(way=OwnFault.PROXY)
        proxy.misbehave = None
        assert (await _control(port, http_proxy(proxy.port)).ask()).way is None
