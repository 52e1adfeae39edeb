"""The proxy of these tests against curl, and dcvd against a proxy that others wrote."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from dcvd.core.http.exchanges import FailureReason, OwnFault
from dcvd.kit.egress.control import ControlServer
from dcvd.kit.egress.proxying.proxy import HttpProxy
from tests.dns.programs import program
from tests.free_ports import find_free_port
from tests.kit.egress.proxying.test_proxy import http_proxy
from tests.kit.egress.test_tls import make_certificate, server_tls, trusting
from tests.kit.proxies import proxying
from tests.kit.receivers import egress, failure, ok, receiver
from tests.system_names import Resolver


async def _curl(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        program("curl"), "-sS", "--max-time", "20", "-w", " %{http_code} %{http_connect}", *arguments,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"no_proxy": ""},
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_curl_gets_through_the_proxy_of_these_tests_and_is_refused_by_it(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "localhost.pem")
    async with receiver(ok, server_tls(certificate)) as port, proxying() as proxy:
        through = ("-x", f"http://dcvd:word@127.0.0.1:{proxy.port}", "--cacert", str(certificate))
        to_localhost = ("--connect-to", f"localhost:{port}:127.0.0.1:{port}", f"https://localhost:{port}/")
        assert await _curl(*through, *to_localhost) == (0, "fine 200 200")
        assert proxy.fields["proxy-authorization"] == "Basic ZGN2ZDp3b3Jk"
        proxy.refusals[f"127.0.0.1:{port}"] = 407
        code, output = await _curl(*through, *to_localhost)
        assert (code, output.split()) == (56, ["000", "407"])


@asynccontextmanager
async def _tinyproxy(tmp_path: Path, *lines: str) -> AsyncIterator[int]:
    """Tinyproxy of Debian, from its first connection on; gives its port."""
    daemon, port = program("tinyproxy"), find_free_port("127.0.0.1")
    settings = tmp_path / "tinyproxy.conf"
    settings.write_text(
        "\n".join((f"Port {port}", "Listen 127.0.0.1", "Allow 127.0.0.1", "LogLevel Error", *lines, ""))
    )
    process = await asyncio.create_subprocess_exec(
        daemon, "-d", "-c", str(settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(20):
            while True:
                assert process.returncode is None
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.005)
                    continue
                writer.transport.abort()
                break
        yield port
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_tinyproxy_leads_to_a_receiver(tmp_path: Path, resolver: Resolver) -> None:
    certificate = make_certificate(tmp_path / "localhost.pem")
    resolver.answers["localhost"] = [["127.0.0.1"]]
    async with (
        _tinyproxy(tmp_path, "BasicAuth dcvd word") as proxy_port,
        receiver(ok, server_tls(certificate)) as port,
        receiver(ok) as plain_port,
    ):
        async with egress(proxy=http_proxy(proxy_port, "dcvd:word"), get_trust=trusting(certificate)) as client:
            for url in (f"https://localhost:{port}/", f"http://localhost:{plain_port}/"):
                answer = await client.post(url, b"{}", {}, timeout_s=60, owner="org_a")
                assert (answer.status, answer.body, answer.remote_ip) == (200, b"fine", "127.0.0.1")
        async with egress(proxy=http_proxy(proxy_port, "dcvd:wrong")) as client:
            error = await failure(client, f"http://localhost:{plain_port}/")
    assert error.own_fault is OwnFault.PROXY


async def test_what_tinyproxy_says_of_a_receiver_that_is_down_is_understood(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    async with _tinyproxy(tmp_path) as proxy_port, receiver(ok) as port:
        through = HttpProxy(f"http://127.0.0.1:{proxy_port}")
        control = ControlServer(lambda: f"http://127.0.0.1:{port}/", proxy=through)
        async with egress(control=control, proxy=through) as client:
            error = await failure(client, f"http://127.0.0.1:{unused_tcp_port}/")
    assert (error.own_fault, error.reason) == (None, FailureReason.HOST_UNREACHABLE)
