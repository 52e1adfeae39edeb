"""The sandbox's edge, seen by a TLS client that is not ours: a hostname is served as Cloudflare's statuses have it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509

from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.sandbox.edge.authority import EdgeAuthority, known_key
from dcvd.sandbox.edge.states import EdgeState
from tests.faults import force_edge, release_edge, state

NAME = "app.customer.test"
SHIPPED_CA = Path(__file__).parents[3] / "config" / "sandbox-edge-ca.pem"


@pytest.fixture
async def edge() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0, preloaded=1)) as running:
        yield running


async def get(edge: Sandbox, name: str, *, timeout_s: float = 30) -> str:
    """The answer to `GET https://NAME/`, by a client that trusts the shipped authority alone."""
    host, _, port = edge.edge_address.rpartition(":")
    tls = ssl.create_default_context(cafile=SHIPPED_CA)
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(host, int(port), ssl=tls, server_hostname=name)
        try:
            writer.write(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            return (await reader.read()).decode()
        finally:
            writer.transport.abort()


async def test_the_target_and_active_hostnames_are_served_and_others_have_no_certificate(edge: Sandbox) -> None:
    for name in ("n0.customer.test", edge.settings.target, f"abc.{edge.settings.target}"):
        answer = await get(edge, name)
        assert answer.startswith("HTTP/1.1 200 OK")
        assert answer.endswith(f"This is {name}.")
    for name in (NAME, "nobody.test"):
        with pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"):
            await get(edge, name)


@pytest.mark.parametrize(
    ("forced", "code"), [(EdgeState.WRONG_NAME, 62), (EdgeState.EXPIRED, 10), (EdgeState.UNTRUSTED, 20)]
)
async def test_a_certificate_that_browsers_refuse_can_be_forced(edge: Sandbox, forced: EdgeState, code: int) -> None:
    await force_edge(edge, NAME, forced)
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        await get(edge, NAME)
    assert caught.value.verify_code == code


@pytest.mark.parametrize(
    ("forced", "start", "end"),
    [
        (EdgeState.SERVING, "HTTP/1.1 200 ", f"This is {NAME}."),
        (EdgeState.REFUSED, "HTTP/1.1 409 ", "error code: 1001"),
        (EdgeState.ORIGIN_DOWN, "HTTP/1.1 522 ", "error code: 522"),
    ],
)
async def test_an_answer_of_cloudflares_own_can_be_forced(
    edge: Sandbox, forced: EdgeState, start: str, end: str
) -> None:
    await force_edge(edge, NAME, forced)
    answer = await get(edge, NAME)
    assert answer.startswith(start)
    assert "Server: cloudflare" in answer
    assert answer.endswith(end)


async def test_silence_and_closed_connections_can_be_forced_and_released(edge: Sandbox) -> None:
    name = "n0.customer.test"
    await force_edge(edge, name, EdgeState.SILENT)
    with pytest.raises(TimeoutError):
        await get(edge, name, timeout_s=0.2)
    await force_edge(edge, name, EdgeState.CLOSED)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await get(edge, name)
    assert (await state(edge))["edge"] == {name: "closed"}
    await release_edge(edge, name)
    assert (await get(edge, name)).startswith("HTTP/1.1 200 OK")


async def test_bytes_that_are_no_tls_end_the_connection(edge: Sandbox) -> None:
    host, _, port = edge.edge_address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(30):
        await reader.read()
    writer.close()


def test_the_shipped_authority_is_the_one_that_signs() -> None:
    shipped = x509.load_pem_x509_certificate(SHIPPED_CA.read_bytes())
    built = x509.load_pem_x509_certificate(EdgeAuthority(known_key()).build_root())
    assert shipped.public_key() == built.public_key() == known_key().public_key()
    assert (shipped.subject, shipped.not_valid_after_utc) == (built.subject, built.not_valid_after_utc)
