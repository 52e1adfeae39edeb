"""Certificates: whom we trust, and for which name."""

import asyncio
import datetime
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import structlog.testing
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.tls.trust import TrustStore
from tests.kit.receivers import egress, failure, ok, open_sockets, receiver
from tests.system_names import Resolver
from tests.waiting import until

_NOW = datetime.datetime.now(datetime.UTC)


def make_certificate(path: Path, *, host: str = "localhost", begins_in_days: int = -1, ends_in_days: int = 1) -> Path:
    """A self-signed certificate for a host and its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW + datetime.timedelta(days=begins_in_days))
        .not_valid_after(_NOW + datetime.timedelta(days=ends_in_days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "localhost.pem")


def trusting(certificate: Path) -> Callable[[], TrustStore]:
    store = TrustStore(certificate, with_system=False)
    return lambda: store


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_a_self_signed_certificate_is_a_tls_failure(certificate: Path, resolver: Resolver) -> None:
    resolver.answers["localhost"] = [["127.0.0.1"]]
    async with receiver(ok, server_tls(certificate)) as port, egress() as client:
        error = await failure(client, f"https://localhost:{port}/")
    assert (error.kind, error.reason) == ("tls", FailureReason.CERTIFICATE_SELF_SIGNED)
    assert "self" in error.message
    assert error.remote_ip == "127.0.0.1"
    assert error.timings.tls_ms is not None


async def test_a_trusted_certificate_is_accepted_for_its_own_name_alone(certificate: Path, resolver: Resolver) -> None:
    resolver.answers.update(
        {"localhost": [["127.0.0.1"]], "localhost.": [["127.0.0.1"]], "other.test": [["127.0.0.1"]]}
    )
    async with receiver(ok, server_tls(certificate)) as port, egress(get_trust=trusting(certificate)) as client:
        answer = await client.post(f"https://localhost:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
        assert answer.status == 200
        assert answer.timings.tls_ms is not None
        again = await client.post(f"https://localhost:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
        assert (again.timings.connect_ms, again.timings.tls_ms) == (None, None)
        assert (await client.post(f"https://localhost.:{port}/", b"{}", {}, timeout_s=60, owner="org_a")).status == 200
        error = await failure(client, f"https://other.test:{port}/")
    assert (error.kind, error.reason) == ("tls", FailureReason.CERTIFICATE_WRONG_NAME)
    assert "other.test" in error.message


async def test_without_tls_no_authorities_are_read() -> None:
    def read_authorities() -> TrustStore:
        raise AssertionError("reading them holds up everything for some 20 ms")

    async with receiver(ok) as port, egress(get_trust=read_authorities) as client:
        answer = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
    assert answer.status == 200


async def test_a_server_without_tls_behind_https_is_a_tls_failure() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, egress() as client:
        error = await failure(client, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert (error.kind, error.reason) == ("tls", FailureReason.TLS_HANDSHAKE)


@pytest.mark.parametrize(
    ("begins_in_days", "ends_in_days", "reason", "said"),
    [
        (-30, -2, FailureReason.CERTIFICATE_EXPIRED, "its certificate expired on {ends}."),
        (3, 30, FailureReason.CERTIFICATE_NOT_YET_VALID, "its certificate is valid from {begins} on, not yet."),
    ],
)
async def test_a_certificate_out_of_its_dates_is_told_with_the_date(
    begins_in_days: int,
    ends_in_days: int,
    reason: FailureReason,
    said: str,
    tmp_path: Path,
    resolver: Resolver,
) -> None:
    stale = make_certificate(tmp_path / "stale.pem", begins_in_days=begins_in_days, ends_in_days=ends_in_days)
    requests = 0

    async def counting(request: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        return web.Response()

    resolver.answers["localhost"] = [["127.0.0.1"]]
    async with receiver(counting, server_tls(stale)) as port, egress(get_trust=trusting(stale)) as client:
        before = open_sockets()
        error = await failure(client, f"https://localhost:{port}/")
        await until(lambda: _is(open_sockets() == before))
    days = {
        "begins": (_NOW + datetime.timedelta(days=begins_in_days)).date(),
        "ends": (_NOW + datetime.timedelta(days=ends_in_days)).date(),
    }
    assert (error.kind, error.reason) == ("tls", reason)
    assert error.message == f"No trusted TLS connection to localhost: {said.format(**days)}"
    assert requests == 0


async def _is(value: bool) -> bool:
    return value


@pytest.mark.parametrize("second", ["refused", "silent"])
async def test_where_the_date_cannot_be_seen_the_failure_is_told_without_it(
    second: str, tmp_path: Path, resolver: Resolver
) -> None:
    stale = make_certificate(tmp_path / "stale.pem", begins_in_days=-30, ends_in_days=-2)
    resolver.answers["localhost"] = [["127.0.0.1"]]
    loop = asyncio.get_running_loop()

    async def serve_one() -> None:
        accepted, _ = await loop.sock_accept(listener)
        if second == "refused":
            listener.close()
        with pytest.raises((ssl.SSLError, ConnectionResetError)):  # the one or the other, as the loop has it
            await loop.connect_accepted_socket(asyncio.Protocol, accepted, ssl=server_tls(stale))

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        structlog.testing.capture_logs() as lines,
    ):
        listener.setblocking(False)
        port = listener.getsockname()[1]
        serving = asyncio.create_task(serve_one())
        async with egress(get_trust=trusting(stale)) as client:
            error = await failure(client, f"https://localhost:{port}/", within=2.0)
        await serving
    assert [line["host"] for line in lines if line["event"] == "egress.certificate_not_seen"] == ["localhost"]
    assert (error.kind, error.reason) == ("tls", FailureReason.CERTIFICATE_EXPIRED)
    assert error.message == "No trusted TLS connection to localhost: certificate has expired."


async def test_a_receiver_that_closes_in_the_middle_of_the_handshake_is_told_as_such() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    before = open_sockets()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, egress() as client:
        error = await failure(client, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert (error.kind, error.reason) == ("tls", FailureReason.TLS_HANDSHAKE)
    await until(lambda: _is(open_sockets() == before))


async def test_an_answer_over_tls_may_end_with_the_connection(certificate: Path, resolver: Resolver) -> None:
    resolver.answers["localhost"] = [["127.0.0.1"]]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nto the end")
        writer.close()

    before = open_sockets()
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_tls(certificate))
    async with server, egress(get_trust=trusting(certificate)) as client:
        port = server.sockets[0].getsockname()[1]
        answer = await client.post(f"https://localhost:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
    assert answer.body == b"to the end"
    await until(lambda: _is(open_sockets() == before))
