"""The doctor at the real proxies of docs/proxies.md, as the page has them and with what people leave out."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from dcvd.cli.setup.examinations.daemon_socket import examine_socket
from dcvd.cli.setup.examinations.public_url import examine_public_url
from dcvd.cli.setup.findings import Finding
from dcvd.config import Config, load
from dcvd.kit.tls.trust import TrustStore
from dcvd.sandbox import Sandbox, SandboxSettings
from tests.daemon.process import DaemonProcess, write_config
from tests.docs.proxy_servers import PROXIES, Proxy, block, running

NAME = "localhost"
TRUSTING = f'trusted_proxies = ["127.0.0.1/32"]\nhosts = ["{NAME}", "127.0.0.1"]'


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[DaemonProcess]:
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as sandbox:
        started = DaemonProcess(write_config(tmp_path, api=sandbox.api_url, dns=sandbox.dns_address, server=TRUSTING))
        await started.start()
        yield started
        await started.kill()


async def examine(daemon: DaemonProcess, proxy: Proxy, text: str, **keys: object) -> list[Finding]:
    """What is found with the proxy's text; `keys`: of the section `server`, as the doctor reads them."""
    if shutil.which(proxy.program) is None:
        pytest.skip(f"{proxy.program} is not installed")
    directory = daemon.directory / "proxy"
    directory.mkdir(exist_ok=True)
    config: Config = load(daemon.config, {}, need_cloudflare=False).config
    upstream = config.server.listen[0].port
    async with running(proxy, directory, upstream, name=NAME, text=text) as port:
        config = replace(config, server=replace(config.server, public_url=f"https://{NAME}:{port}", **keys))
        instance = (await examine_socket(config)).instance
        assert instance is not None
        return await examine_public_url(config, TrustStore(directory / "certificate.pem"), instance)


@pytest.mark.parametrize("proxy", PROXIES, ids=lambda proxy: proxy.program)
async def test_as_the_page_has_it_all_is_well_and_a_proxy_that_is_not_believed_is_named(
    daemon: DaemonProcess, proxy: Proxy
) -> None:
    text = block(proxy.language)
    url, clients = await examine(daemon, proxy, text)
    assert (url.status, clients.status) == ("ok", "ok"), (url, clients)
    assert (
        clients.message == "The proxy at 127.0.0.1 says for whom it asks, and is believed: it knows this machine as "
        "127.0.0.1."
    )
    _, clients = await examine(daemon, proxy, text, trusted_proxies=())
    assert (clients.status, 'set server.trusted_proxies = ["127.0.0.1"].' in clients.message) == ("failing", True)


async def test_what_is_left_out_of_the_page_is_told(daemon: DaemonProcess) -> None:
    nginx, caddy = PROXIES
    lines = block("nginx").splitlines()

    def without(*words: str) -> str:
        return "\n".join(line for line in lines if not any(word in line for word in words))

    _, clients = await examine(daemon, nginx, without("X-Forwarded-For"))
    assert (clients.status, "so they can claim any address" in clients.message) == ("failing", True), clients
    url, clients = await examine(daemon, nginx, without("header Host"))
    assert (url.status, "asks for the host 'dcvd'" in url.message) == ("failing", True), url
    assert clients.status == "ok"
    _, clients = await examine(daemon, nginx, without("http_version", "Connection"))
    assert (clients.status, "have it keep them open" in clients.message) == ("ok", True), clients
    removing = block("caddy").replace("flush_interval -1", "header_up -X-Forwarded-For")
    _, clients = await examine(daemon, caddy, removing)
    assert (clients.status, "sends no X-Forwarded-For" in clients.message) == ("failing", True), clients
