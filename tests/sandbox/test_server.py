"""Starting and stopping, and the settings that it will not start with."""

import asyncio
import socket

import msgspec
import pytest

from dcvd.errors import DcvdError, InvalidInput
from dcvd.sandbox import Sandbox, SandboxSettings


async def test_it_names_its_addresses_and_frees_them_when_it_stops() -> None:
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as sandbox:
        assert sandbox.api_url.startswith("http://127.0.0.1:")
        assert sandbox.api_url.endswith("/client/v4")
        assert sandbox.control_url.endswith("/sandbox")
        ports = [int(sandbox.api_url.split(":")[2].split("/")[0]), int(sandbox.dns_address.rpartition(":")[2])]
        assert 0 not in ports
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
    async with Sandbox(SandboxSettings(api_port=ports[0], dns_port=ports[1], edge_port=0)) as again:
        assert again.dns_address == f"127.0.0.1:{ports[1]}"


@pytest.mark.parametrize(
    ("kind", "setting", "option"),
    [
        (socket.SOCK_STREAM, "api_port", "--api"),
        (socket.SOCK_STREAM, "dns_port", "--dns"),
        (socket.SOCK_DGRAM, "dns_port", "--dns"),
        (socket.SOCK_STREAM, "edge_port", "--edge"),
    ],
)
async def test_a_taken_port_is_named_in_a_sentence_and_nothing_stays_bound(
    kind: socket.SocketKind, setting: str, option: str
) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        settings = {"api_port": 0, "dns_port": 0, "edge_port": 0, setting: port}
        sandbox = Sandbox(SandboxSettings(**settings))
        with pytest.raises(DcvdError, match=f"{port}.*{option}") as caught:
            await sandbox.start()
        assert caught.value.code == "port_taken"
        assert isinstance(caught.value.__cause__, OSError)
    async with asyncio.timeout(60):
        await sandbox.stop()


async def test_it_can_be_stopped_twice() -> None:
    sandbox = Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0))
    await sandbox.start()
    await sandbox.stop()
    await sandbox.stop()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("api_host", "0.0.0.0"),
        ("api_host", "sandbox.example.net"),
        ("dns_host", "192.0.2.1"),
        ("api_port", 65536),
        ("dns_port", -1),
        ("edge_host", "192.0.2.1"),
        ("edge_port", 65536),
        ("token", ""),
        ("zone_id", "zone"),
        ("target", "bad..name"),
        ("step_s", -1.0),
    ],
)
def test_settings_that_cannot_be_used_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        Sandbox(msgspec.structs.replace(SandboxSettings(), **{field: value}))
    said = field.removesuffix("_s")
    assert caught.value.field == said
    assert said in caught.value.message
