"""What the doctor examines, part by part, where something is wrong."""

import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from msgspec.structs import replace

from dcvd.cli.setup.examinations.daemon_socket import examine_socket
from dcvd.cli.setup.examinations.machine import examine_machine
from dcvd.cli.setup.examinations.outside import examine_outside, judge_dns64
from dcvd.cli.setup.examinations.public_url import examine_public_url
from dcvd.config import Config, SocketAddress
from dcvd.core.addresses import find_nat64_prefixes
from dcvd.core.instants import DAY
from dcvd.kit.tls.trust import TrustStore
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.sandbox.edge.authority import EdgeAuthority, known_key
from dcvd.services.trust_stores import load_trust_stores
from dcvd.store.backups.mark import mark_backup
from tests.free_ports import find_free_port
from tests.kit.egress.test_tls import make_certificate


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as running:
        yield running


def with_url(config: Config, url: str) -> Config:
    return replace(config, server=replace(config.server, public_url=url))


@asynccontextmanager
async def serving(
    answer: Callable[[web.Request], Awaitable[web.Response]], context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A proxy that answers everything alike; yields its port."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = find_free_port()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    try:
        yield port
    finally:
        await runner.cleanup()


async def answer_as_dcvd(_: web.Request) -> web.Response:
    return web.Response(body=msgspec.json.encode({"meta": {"instance": "this-one"}}))


async def answer_as_another_program(_: web.Request) -> web.Response:
    return web.Response(text="<h1>It works!</h1>")


@pytest.mark.parametrize(
    ("instance", "status", "said"),
    [("this-one", "ok", "leads here."), ("other", "failing", "leads to another dcvd"), (None, "unknown", "its socket")],
)
async def test_the_public_url_leads_to_the_instance_of_the_socket_or_to_another(
    config: Config, instance: str | None, status: str, said: str
) -> None:
    async with serving(answer_as_dcvd) as port:
        found, _ = await examine_public_url(with_url(config, f"http://127.0.0.1:{port}"), TrustStore(), instance)
    assert found.status == status
    assert said in found.message


async def test_a_public_url_of_another_program_or_of_nobody_is_told_apart(config: Config) -> None:
    async with serving(answer_as_another_program) as port:
        url = f"http://127.0.0.1:{port}"
        found, _ = await examine_public_url(with_url(config, url), TrustStore(), "this-one")
    assert (found.status, "not as dcvd does" in found.message) == ("failing", True)
    found, _ = await examine_public_url(with_url(config, url), TrustStore(), "this-one")
    assert (found.status, "cannot be reached from here: Connection refused. " in found.message) == ("failing", True)
    assert "Start the proxy in front" in found.message
    own = with_url(config, url)
    address = SocketAddress("127.0.0.1", int(url.rpartition(":")[2]))
    own = replace(own, server=replace(own.server, listen=(address,)))
    found, _ = await examine_public_url(own, TrustStore(), None)
    assert found.message.endswith("systemctl start dcvd starts it.")
    (found,) = await examine_public_url(with_url(config, ""), TrustStore(), "this-one")
    assert found.status == "unknown"


@pytest.mark.parametrize(
    ("is_expired", "status", "said"),
    [(False, "ok", "leads here. Its certificate is valid for another 89 d."), (True, "failing", "is not accepted")],
)
async def test_the_certificate_of_the_proxy_says_how_long_it_lasts(
    config: Config, tmp_path: Path, is_expired: bool, status: str, said: str
) -> None:
    authority = EdgeAuthority(known_key())
    root = tmp_path / "root.pem"
    root.write_bytes(authority.build_root())
    context = authority.issue("localhost", tmp_path / "server.pem", is_expired=is_expired)
    async with serving(answer_as_dcvd, context) as port:
        url = f"https://localhost:{port}"
        found, _ = await examine_public_url(with_url(config, url), TrustStore(root), "this-one")
    assert (found.status, said in found.message) == (status, True), found.message


async def test_a_certificate_that_ends_in_a_day_is_to_be_renewed(config: Config, tmp_path: Path) -> None:
    path = make_certificate(tmp_path / "server.pem", ends_in_days=1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    async with serving(answer_as_dcvd, context) as port:
        url = f"https://localhost:{port}"
        found, _ = await examine_public_url(with_url(config, url), TrustStore(path), "this-one")
    assert (found.status, "Renew it at the proxy" in found.message) == ("failing", True), found.message


async def test_behind_an_https_proxy_somebody_has_to_be_believed_about_the_clients(config: Config) -> None:
    server = replace(config.server, public_url="https://localhost:1", listen=(SocketAddress("127.0.0.1", 8080),))
    _, found = await examine_public_url(replace(config, server=server), TrustStore(), None)
    assert (found.status, 'trusted_proxies = ["127.0.0.1"]' in found.message) == ("failing", True)
    trusting = replace(server, trusted_proxies=(IPv4Network("127.0.0.1/32"),))
    _, found = await examine_public_url(replace(config, server=trusting), TrustStore(), None)
    assert found.status == "ok"


def test_a_disk_below_its_floor_and_a_backup_that_is_too_old_are_failing(config: Config, tmp_path: Path) -> None:
    placed = replace(config, database=replace(config.database, path=tmp_path / "dcvd.db"))
    _, disk, backup = examine_machine(placed)
    assert (disk.status, backup.status) == ("ok", "unknown")
    mark_backup(tmp_path / "dcvd.db", 1_700_000_000_000)
    events = replace(config.system_events, disk_floor=1 << 50, backup_max_age=DAY)
    _, disk, backup = examine_machine(replace(placed, system_events=events))
    assert (disk.status, "make room" in disk.message) == ("failing", True)
    assert (backup.status, "says why none followed" in backup.message) == ("failing", True)


async def test_of_several_resolvers_the_silent_one_is_named(config: Config, sandbox: Sandbox) -> None:
    host, port = sandbox.dns_address.rsplit(":", 1)
    silent = SocketAddress("127.0.0.1", find_free_port())
    dns = replace(config.dns, resolvers=(SocketAddress(host, int(port)), silent))
    placed = replace(config, dns=dns, cloudflare=replace(config.cloudflare, base_url=sandbox.api_url))
    resolvers, clock, _ = await examine_outside(placed, load_trust_stores(placed))
    assert resolvers.status == "unknown"
    assert f"{silent} is silent" in resolvers.message
    assert re.search(rf"{port} answers in \d+ ms", resolvers.message)
    assert clock.status == "ok"


@pytest.mark.parametrize(
    ("prefix", "address"),
    [
        ("64:ff9b::/96", "64:ff9b::c000:aa"),
        ("2001:db8:64::/96", "2001:db8:64::c000:ab"),
        ("2001:db8:1:2::/64", "2001:db8:1:2:c0:0:aa00:0"),
        ("2001:db8::/32", "2001:db8:c000:aa::"),
    ],
)
def test_the_prefix_of_dns64_is_read_off_the_addresses_that_it_makes_up(prefix: str, address: str) -> None:
    addresses = [ip_address("192.0.0.170"), ip_address(address)]
    assert find_nat64_prefixes(addresses) == [IPv6Network(prefix)]
    assert find_nat64_prefixes([ip_address("192.0.0.170"), ip_address("2001:db8::1")]) == []


@pytest.mark.parametrize(
    ("found", "configured", "status", "said"),
    [
        ([], None, "ok", "has no DNS64"),
        (["64:ff9b::/96"], None, "ok", "which dcvd knows"),
        (["2001:db8:64::/96"], None, "failing", 'webhooks.nat64_prefix = "2001:db8:64::/96"'),
        (["2001:db8:64::/96"], "2001:db8:64::/96", "ok", "which dcvd knows"),
        (["2001:db8:64::/96"], "2001:db8:65::/96", "failing", 'webhooks.nat64_prefix = "2001:db8:64::/96"'),
        ([], "2001:db8:65::/96", "unknown", "shows no such DNS64"),
    ],
)
def test_a_translation_that_dcvd_does_not_know_is_one_by_which_private_addresses_are_reached(
    found: list[str], configured: str | None, status: str, said: str
) -> None:
    judged = judge_dns64(list(map(IPv6Network, found)), None if configured is None else IPv6Network(configured))
    assert (judged.status, said in judged.message) == (status, True), judged.message


async def test_a_daemon_that_holds_its_socket_and_does_not_answer_is_told_from_none(
    config: Config, tmp_path: Path
) -> None:
    path = tmp_path / "dcvd.sock"
    config = replace(config, server=replace(config.server, socket=path))
    absent = (await examine_socket(config)).finding
    assert absent.message.startswith(f"Nothing answers at {path}: No such file or directory.")
    with socket.socket(socket.AF_UNIX) as listener:  # it accepts nobody, as a daemon that was stopped does
        listener.bind(str(path))
        listener.listen()
        silent = (await examine_socket(config, timeout_s=0.05)).finding
    sentence = f"A daemon holds {path} and does not answer: see its log, then systemctl restart dcvd."
    assert (silent.status, silent.message) == ("failing", sentence)
