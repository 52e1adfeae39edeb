"""Certificates that are made to break whatever reads them, and a server that sends one for a name."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

from dcvd.sandbox.edge.authority import EdgeAuthority, known_key

_KEY = generate_private_key(SECP256R1())
_NAMES: Final = ObjectIdentifier("2.5.29.17")


def _sign(extension: x509.ExtensionType | None) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "evil issuer")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_KEY.public_key())
        .serial_number(77)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2051, 1, 1, tzinfo=UTC))
    )
    if extension is not None:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(_KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def _bend(old: bytes, new: bytes) -> bytes:
    plain = _sign(x509.SubjectAlternativeName([x509.DNSName("x.test")]))
    assert plain.count(old) > 0
    return plain.replace(old, new)


ODD_CERTIFICATES: Final[Mapping[str, bytes]] = {
    "version 7": _bend(bytes.fromhex("a003020102"), bytes.fromhex("a003020106")),
    "a date in the year 0": _bend(b"20510101000000Z", b"00000101000000Z"),
    "an X.400 address as a name": _sign(x509.UnrecognizedExtension(_NAMES, bytes.fromhex("3004a3023000"))),
    "a name that is no ASCII": _sign(x509.UnrecognizedExtension(_NAMES, bytes.fromhex("3004820280ff"))),
    "an issuer of bits": _bend(b"\x0c\x0bevil issuer", b"\x03\x0b\x00vil issuer"),
    "no names": _sign(None),
}
"""In DER, by what is odd about them."""


@asynccontextmanager
async def serving(directory: Path, name: str, der: bytes) -> AsyncIterator[int]:
    """The port of a server that sends the certificate for a name, and a good one for every other."""
    path = directory / "odd.pem"
    key = _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    path.write_bytes(key + pem)
    odd = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    odd.load_cert_chain(path)
    authority = EdgeAuthority(known_key())

    def choose(tls: ssl.SSLObject, asked: str | None, _: ssl.SSLContext) -> None:
        tls.context = odd if asked == name else authority.issue(asked or "", directory / "good.pem")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    listener = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    listener.load_cert_chain(path)
    listener.sni_callback = choose
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=listener)
    yield server.sockets[0].getsockname()[1]
    server.close()
