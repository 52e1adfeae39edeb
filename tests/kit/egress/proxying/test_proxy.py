"""Everything goes through the proxy, to the address that the guard judged, and TLS is with the receiver."""

import asyncio
import base64
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from aiohttp import web

from dcvd.core.http.exchanges import FailureReason
from dcvd.core.secret import Secret
from dcvd.kit.egress.guard import AddressRefused, EgressPolicy
from dcvd.kit.egress.proxying.proxy import HttpProxy
from dcvd.kit.tls.trust import TrustStore
from tests.kit.egress.test_tls import make_certificate, server_tls, trusting
from tests.kit.proxies import proxying
from tests.kit.receivers import PUBLIC, egress, failure, ok, open_sockets, receiver, silent_backlog
from tests.system_names import Resolver
from tests.waiting import until


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "localhost.pem")


def http_proxy(port: int, credentials: str | None = None) -> HttpProxy:
    return HttpProxy(f"http://127.0.0.1:{port}", None if credentials is None else Secret(credentials))


@pytest.mark.parametrize("is_tls", [False, True])
async def test_a_tunnel_leads_to_the_address_and_is_kept_for_the_next_request(
    is_tls: bool, certificate: Path, resolver: Resolver
) -> None:
    resolver.answers["localhost"] = [["127.0.0.1"]]
    scheme, tls = ("https", server_tls(certificate)) if is_tls else ("http", None)
    async with receiver(ok, tls) as port, proxying() as proxy:
        async with egress(proxy=http_proxy(proxy.port), get_trust=trusting(certificate)) as client:
            answers = [
                await client.post(f"{scheme}://localhost:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
                for _ in range(2)
            ]
        assert proxy.asked == [f"127.0.0.1:{port}"]  # never the name
        assert "proxy-authorization" not in proxy.fields
        assert proxy.fields["host"] == f"127.0.0.1:{port}"
    assert [(answer.status, answer.remote_ip, answer.body) for answer in answers] == [(200, "127.0.0.1", b"fine")] * 2
    first, second = (answer.timings for answer in answers)
    assert first.connect_ms is not None
    assert (first.tls_ms is not None) is is_tls
    assert (second.connect_ms, second.tls_ms) == (None, None)


async def test_the_time_to_connect_includes_what_the_proxy_takes() -> None:
    async def answer_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        proxy.misbehave = None
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with proxying() as proxy, egress(proxy=http_proxy(proxy.port)) as client:
        proxy.misbehave = answer_late
        answer = await client.post("http://127.0.0.1:9/", b"{}", {}, timeout_s=60, owner="org_a")
    assert answer.status == 204
    assert answer.timings.connect_ms is not None
    assert answer.timings.connect_ms >= 95


async def test_an_ipv6_address_stands_in_brackets() -> None:
    async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")

    async with proxying() as proxy, egress(proxy=http_proxy(proxy.port)) as client:
        proxy.misbehave = fail
        await failure(client, "http://[::1]:8080/")
        assert proxy.asked == ["[::1]:8080"]


async def test_the_proxy_gets_its_credentials_and_no_receiver_sees_them() -> None:
    seen: list[web.Request] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response()

    async with receiver(note) as port, proxying() as proxy:
        async with egress(proxy=http_proxy(proxy.port, "dcvd:pässword:2")) as client:
            await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
        scheme, _, value = proxy.fields["proxy-authorization"].partition(" ")
    assert (scheme, base64.b64decode(value).decode()) == ("Basic", "dcvd:pässword:2")
    assert not [name for name in seen[0].headers if name.lower().startswith("proxy")]


async def test_a_receiver_is_verified_by_its_name_through_the_tunnel(certificate: Path, resolver: Resolver) -> None:
    resolver.answers.update({"localhost": [["127.0.0.1"]], "other.test": [["127.0.0.1"]]})
    async with receiver(ok, server_tls(certificate)) as port, proxying() as proxy:
        async with egress(proxy=http_proxy(proxy.port), get_trust=trusting(certificate)) as client:
            error = await failure(client, f"https://other.test:{port}/")
            assert (error.kind, error.reason) == ("tls", FailureReason.CERTIFICATE_WRONG_NAME)
            assert error.remote_ip == "127.0.0.1"
            assert error.own_fault is None
        await until(lambda: _is(proxy.open_tunnels == 0))


async def test_which_certificate_has_expired_is_seen_through_the_proxy_too(tmp_path: Path, resolver: Resolver) -> None:
    expired = make_certificate(tmp_path / "expired.pem", begins_in_days=-9, ends_in_days=-1)
    resolver.answers["localhost"] = [["127.0.0.1"]]
    async with receiver(ok, server_tls(expired)) as port, proxying() as proxy:
        async with egress(proxy=http_proxy(proxy.port), get_trust=trusting(expired)) as client:
            error = await failure(client, f"https://localhost:{port}/")
        assert proxy.asked == [f"127.0.0.1:{port}"] * 2
    assert error.reason is FailureReason.CERTIFICATE_EXPIRED
    assert "expired on" in error.message


@pytest.mark.parametrize("is_tls", [False, True])
async def test_a_proxy_may_have_tls_of_its_own(is_tls: bool, certificate: Path, resolver: Resolver) -> None:
    resolver.answers["localhost"] = [["127.0.0.1"]]
    scheme, tls = ("https", server_tls(certificate)) if is_tls else ("http", None)
    never = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/silent":
            await never.wait()
        await request.read()
        return web.Response(text="fine")

    before = open_sockets()
    async with receiver(answer, tls) as port, proxying(server_tls(certificate)) as proxy:
        trust = trusting(certificate)
        through = HttpProxy(f"https://localhost:{proxy.port}", None, trust)
        async with egress(proxy=through, get_trust=trust) as client:
            for _ in range(2):
                found = await client.post(f"{scheme}://localhost:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
                assert (found.status, found.body) == (200, b"fine")
            assert len(proxy.asked) == 1
            assert (await failure(client, f"{scheme}://localhost:{port}/silent", within=0.2)).kind == "timeout"
            await until(lambda: _is(proxy.open_tunnels == 0))
    await until(lambda: _is(not open_sockets() - before))


async def test_the_proxy_is_trusted_only_with_a_certificate_for_its_name(
    certificate: Path, tmp_path: Path, resolver: Resolver
) -> None:
    resolver.answers["localhost"] = [["127.0.0.1"]]
    stranger = TrustStore(make_certificate(tmp_path / "other.pem"), with_system=False)
    async with proxying(server_tls(certificate)) as proxy:
        for host, get_trust in (("localhost", lambda: stranger), ("127.0.0.1", trusting(certificate))):
            through = HttpProxy(f"https://{host}:{proxy.port}", Secret("dcvd:secret-word"), get_trust)
            async with egress(proxy=through) as client:
                error = await failure(client, "http://127.0.0.1:9/")
            assert error.own_fault is not None
            assert "no trusted TLS connection" in error.message
        assert proxy.asked == []


async def test_a_name_that_leads_elsewhere_by_now_is_not_looked_up_by_anybody_else(resolver: Resolver) -> None:
    """DNS rebinding: the second answer would be an address of the operator's own network."""
    resolver.answers["hooks.example"] = [["9.9.9.9"], ["10.0.0.1"]]
    async with proxying() as proxy, egress(PUBLIC, proxy=http_proxy(proxy.port)) as client:
        proxy.refusals["9.9.9.9:80"] = 502
        await failure(client, "http://hooks.example/")
        assert proxy.asked == ["9.9.9.9:80"]


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
async def test_the_proxy_is_never_asked_for_an_address_that_is_not_allowed(address: str, resolver: Resolver) -> None:
    resolver.answers["hooks.example"] = [[address]]
    host = f"[{address}]" if ":" in address else address
    async with proxying() as proxy, egress(PUBLIC, proxy=http_proxy(proxy.port)) as client:
        assert (await failure(client, f"http://{host}/")).reason is FailureReason.ADDRESS_NOT_ALLOWED
        assert (await failure(client, "http://hooks.example/")).reason is FailureReason.NAME_NOT_PUBLIC
        assert proxy.asked == []


@pytest.mark.parametrize("address", ["10.0.0.1", "::1", "168.63.129.16"])
async def test_each_address_is_judged_once_more_as_the_tunnel_is_made(address: str) -> None:
    async with proxying() as proxy:
        with pytest.raises(AddressRefused, match=f"{address} port 80 is not allowed"):
            await http_proxy(proxy.port).open_tunnel(ip_address(address), 80, PUBLIC)
        assert proxy.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]"])
async def test_the_proxy_cannot_be_reached_through_itself(host: str) -> None:
    policy = EgressPolicy(allow_http=True, allow_private=(ip_network("127.0.0.0/8"), ip_network("::ffff:0:0/96")))
    async with proxying() as proxy, egress(policy, proxy=http_proxy(proxy.port)) as client:
        error = await failure(client, f"http://{host}:{proxy.port}/")
        assert (error.kind, error.reason) == ("refused_by_policy", FailureReason.ADDRESS_NOT_ALLOWED)
        assert error.own_fault is None
        assert proxy.asked == []


async def test_the_addresses_of_a_name_are_tried_in_turn(resolver: Resolver) -> None:
    async with receiver(ok) as port, proxying() as proxy, egress(proxy=http_proxy(proxy.port)) as client:
        resolver.answers["both.example"] = [["::1", "127.0.0.2", "127.0.0.1"]]
        proxy.refusals[f"[::1]:{port}"] = 403  # it has no IPv6, say
        answer = await client.post(f"http://both.example:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
        assert answer.remote_ip == "127.0.0.1"
        assert proxy.asked == [f"[::1]:{port}", f"127.0.0.2:{port}", f"127.0.0.1:{port}"]


async def test_an_address_on_which_the_proxy_waits_gives_way_to_the_next(resolver: Resolver) -> None:
    before = open_sockets()
    async with (
        receiver(ok) as port,
        proxying() as proxy,
        silent_backlog("127.0.0.2", port),
        egress(proxy=http_proxy(proxy.port)) as client,
    ):
        resolver.answers["both.example"] = [["127.0.0.2", "127.0.0.1"]]
        answer = await client.post(f"http://both.example:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
        assert answer.remote_ip == "127.0.0.1"
    await until(lambda: _is(not open_sockets() - before))


async def test_a_name_with_very_many_addresses_makes_a_few_tunnels(resolver: Resolver) -> None:
    resolver.answers["many.example"] = [[f"127.0.{number}.1" for number in range(1, 200)]]
    async with proxying() as proxy, egress(proxy=http_proxy(proxy.port)) as client:
        error = await failure(client, "http://many.example:9/")
        assert len(proxy.asked) == 8
    assert error.reason is FailureReason.HOST_UNREACHABLE


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_receiver_that_speaks_first_is_to_blame_and_not_the_proxy(scheme: str) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n220 mail.example ESMTP\r\n")
        await writer.drain()
        await reader.read()

    async with proxying() as proxy, egress(proxy=http_proxy(proxy.port)) as client:
        proxy.misbehave = greet
        error = await failure(client, f"{scheme}://127.0.0.1:9/")
    assert error.own_fault is None
    assert error.kind == ("tls" if scheme == "https" else "protocol")


async def test_whoever_gives_up_leaves_no_socket_behind() -> None:
    never = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()

    before = open_sockets()
    async with proxying() as proxy:
        proxy.misbehave = say_nothing
        async with egress(proxy=http_proxy(proxy.port)) as client:
            assert (await failure(client, "http://127.0.0.1:9/", within=0.1)).kind == "timeout"
    await until(lambda: _is(not open_sockets() - before))


async def _is(value: bool) -> bool:
    return value
