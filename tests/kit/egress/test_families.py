"""A receiver whose IPv6 connects and then fails is reached by IPv4, and the other way round."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest

from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.egress.client import EgressResponse
from dcvd.kit.egress.proxying.proxy import HttpProxy
from tests.free_ports import find_free_port
from tests.kit.egress.test_tls import make_certificate, server_tls, trusting
from tests.kit.proxies import proxying
from tests.kit.receivers import egress, failure, open_sockets
from tests.system_names import Resolver
from tests.waiting import until

Behaviour = Literal["good", "resets", "closes", "silent", "plain"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("families") / "host.pem", host="hooks.example")


class Address:
    """One address of a receiver. `connects` counts the connections that it took."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.connects = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects += 1
        try:
            if self.behaviour == "good":
                while await reader.readuntil(b"{}"):
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            elif self.behaviour == "silent":
                await reader.read(-1)
            else:
                await reader.read(1)
                if self.behaviour == "plain":
                    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                elif self.behaviour == "resets":
                    writer.transport.abort()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def _receiver(
    resolver: Resolver, *, v6: Behaviour, v4: Behaviour, tls: ssl.SSLContext | None = None, first: str = "::1"
) -> AsyncIterator[tuple[int, Address, Address]]:
    """A receiver with one address of each family; bad ones break before any TLS."""
    port = find_free_port()
    addresses = {"::1": Address(v6), "127.0.0.1": Address(v4)}
    async with AsyncExitStack() as stack:
        for host, address in addresses.items():
            context = tls if address.behaviour == "good" else None
            server = await asyncio.start_server(address.serve, host, port, ssl=context)
            await stack.enter_async_context(server)
        resolver.answers["hooks.example"] = [[first, *(set(addresses) - {first})]]
        yield port, addresses["::1"], addresses["127.0.0.1"]


async def _post(client: object, port: int, scheme: str = "https", within: float = 30) -> EgressResponse:
    url = f"{scheme}://hooks.example:{port}/"
    response: EgressResponse = await client.post(url, b"{}", {}, timeout_s=within, owner="org_a")  # type: ignore[attr-defined]
    return response


@pytest.mark.parametrize("behaviour", ["resets", "closes", "plain"])
async def test_tls_that_breaks_by_one_family_is_tried_by_the_other_which_then_goes_first(
    behaviour: Behaviour, certificate: Path, resolver: Resolver
) -> None:
    tls = server_tls(certificate)
    before = open_sockets()
    async with (
        _receiver(resolver, v6=behaviour, v4="good", tls=tls) as (port, v6, _),
        egress(get_trust=trusting(certificate), keep_alive_s=0) as client,
    ):
        for _ in range(3):
            response = await _post(client, port)
            assert (response.status, response.remote_ip) == (200, "127.0.0.1")
        assert v6.connects == 1
    await until(lambda: _is(open_sockets() == before))


async def test_the_other_family_is_tried_through_a_proxy_as_well(certificate: Path, resolver: Resolver) -> None:
    tls = server_tls(certificate)
    async with (
        _receiver(resolver, v6="resets", v4="good", tls=tls) as (port, v6, _),
        proxying() as proxy,
        egress(
            get_trust=trusting(certificate), keep_alive_s=0, proxy=HttpProxy(f"http://127.0.0.1:{proxy.port}")
        ) as client,
    ):
        for _ in range(2):
            response = await _post(client, port)
            assert (response.status, response.remote_ip) == (200, "127.0.0.1")
        assert v6.connects == 1
        assert proxy.asked[:2] == [f"[::1]:{port}", f"127.0.0.1:{port}"]


async def _is(value: bool) -> bool:
    return value


async def test_tls_that_stays_silent_by_one_family_leaves_the_other_its_time(
    certificate: Path, resolver: Resolver
) -> None:
    tls = server_tls(certificate)
    async with (
        _receiver(resolver, v6="silent", v4="good", tls=tls) as (port, v6, _),
        egress(get_trust=trusting(certificate), keep_alive_s=0) as client,
    ):
        assert (await _post(client, port, within=2)).remote_ip == "127.0.0.1"
        assert (await _post(client, port, within=2)).remote_ip == "127.0.0.1"
    assert v6.connects == 1


async def test_ipv4_that_breaks_is_passed_over_for_ipv6_as_well(certificate: Path, resolver: Resolver) -> None:
    tls = server_tls(certificate)
    async with (
        _receiver(resolver, v6="good", v4="resets", tls=tls, first="127.0.0.1") as (port, _, v4),
        egress(get_trust=trusting(certificate), keep_alive_s=0) as client,
    ):
        assert [(await _post(client, port)).remote_ip for _ in range(2)] == ["::1", "::1"]
    assert v4.connects == 1


async def test_a_certificate_that_is_refused_by_both_families_is_told_of_the_first(
    tmp_path: Path, certificate: Path, resolver: Resolver
) -> None:
    tls = server_tls(make_certificate(tmp_path / "stale.pem", host="hooks.example", begins_in_days=-9, ends_in_days=-2))
    async with (
        _receiver(resolver, v6="good", v4="good", tls=tls) as (port, _, _),
        egress(get_trust=trusting(certificate)) as client,
    ):
        error = await failure(client, f"https://hooks.example:{port}/")
    assert (error.kind, error.remote_ip) == ("tls", "::1")
    assert error.reason in {FailureReason.CERTIFICATE_SELF_SIGNED, FailureReason.CERTIFICATE_EXPIRED}


@pytest.mark.parametrize("behaviour", ["resets", "closes"])
async def test_a_new_connection_that_breaks_without_an_answer_is_repeated_once_by_the_other_family(
    behaviour: Behaviour, resolver: Resolver
) -> None:
    async with _receiver(resolver, v6=behaviour, v4="good") as (port, v6, _), egress(keep_alive_s=0) as client:
        first = await _post(client, port, "http")
        second = await _post(client, port, "http")
    assert (first.remote_ip, second.remote_ip, v6.connects) == ("127.0.0.1", "127.0.0.1", 1)
    assert first.repeated is not None
    assert (first.repeated.remote_ip, second.repeated) == ("::1", None)


async def test_a_silence_by_one_family_makes_the_other_the_first_of_the_next_attempt(resolver: Resolver) -> None:
    async with _receiver(resolver, v6="silent", v4="good") as (port, v6, v4), egress() as client:
        error = await failure(client, f"http://hooks.example:{port}/", within=0.1)
        assert (error.kind, error.remote_ip) == ("timeout", "::1")
        assert (await _post(client, port, "http")).remote_ip == "127.0.0.1"
    assert (v6.connects, v4.connects) == (1, 1)


async def test_where_both_families_break_there_is_an_end(resolver: Resolver) -> None:
    async with _receiver(resolver, v6="closes", v4="closes") as (port, v6, v4), egress() as client:
        error = await failure(client, f"http://hooks.example:{port}/")
    assert (error.reason, error.remote_ip) == (FailureReason.CLOSED_WITHOUT_ANSWER, "127.0.0.1")
    assert (v6.connects, v4.connects) == (1, 1)


async def test_a_receiver_with_one_family_gets_no_second_request(resolver: Resolver) -> None:
    async with _receiver(resolver, v6="closes", v4="closes") as (port, v6, v4), egress() as client:
        resolver.answers["hooks.example"] = [["127.0.0.1"]]
        await failure(client, f"http://hooks.example:{port}/")
    assert (v6.connects, v4.connects) == (0, 1)
