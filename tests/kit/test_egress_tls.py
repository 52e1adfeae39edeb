"""Certificates: whom we trust, and for which name."""

import asyncio
import datetime
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.kit.receivers import Resolver, egress, failure, ok, receiver


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for localhost and its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_a_self_signed_certificate_is_a_tls_failure(certificate: Path, resolver: Resolver) -> None:
    resolver.answers["localhost"] = [["127.0.0.1"]]
    async with receiver(ok, server_tls(certificate)) as port, egress() as client:
        error = await failure(client, f"https://localhost:{port}/")
    assert error.kind == "tls"
    assert "self" in error.message


async def test_a_trusted_certificate_is_accepted_for_its_own_name_alone(certificate: Path, resolver: Resolver) -> None:
    resolver.answers.update(
        {"localhost": [["127.0.0.1"]], "localhost.": [["127.0.0.1"]], "other.test": [["127.0.0.1"]]}
    )
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with receiver(ok, server_tls(certificate)) as port, egress(tls=trusting) as client:
        assert (await client.post(f"https://localhost:{port}/", b"{}", {}, timeout=1)).status == 200
        assert (await client.post(f"https://localhost.:{port}/", b"{}", {}, timeout=1)).status == 200
        error = await failure(client, f"https://other.test:{port}/")
    assert error.kind == "tls"
    assert "other.test" in error.message


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
    assert error.kind == "tls"
