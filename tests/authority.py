"""A certificate authority of the test's own, which issues what a test wants, well or badly."""

import datetime
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_NOW = datetime.datetime.now(datetime.UTC)
_PEM = serialization.Encoding.PEM


class Issued:
    """A certificate with its key and its chain, its own first."""

    def __init__(self, certificate: x509.Certificate, key: Any, chain: list[x509.Certificate]) -> None:
        self.certificate = certificate
        self.key = key
        self.chain = chain

    @property
    def certificate_pem(self) -> str:
        return b"".join(each.public_bytes(_PEM) for each in (self.certificate, *self.chain)).decode()

    @property
    def key_pem(self) -> str:
        form = serialization.PrivateFormat.PKCS8
        pem: bytes = self.key.private_bytes(_PEM, form, serialization.NoEncryption())
        return pem.decode()

    def write(self, path: Path) -> Path:
        """A file with the certificate, its chain and its key."""
        path.write_text(self.certificate_pem + self.key_pem)
        return path


class Authority:
    """Issues certificates; `parent` issued its own, and without any it is a root."""

    def __init__(self, name: str = "Test CA", parent: "Authority | None" = None, *, days: tuple[int, int] = (-9, 9)):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        issuer = self if parent is None else parent
        self.certificate = _build(self.name, self.key, issuer, days).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        ).sign(issuer.key, hashes.SHA256())  # fmt: skip
        self.chain: list[x509.Certificate] = [] if parent is None else [self.certificate, *parent.chain]

    def issue(
        self,
        host: str = "localhost",
        *,
        days: tuple[int, int] = (-1, 1),
        address: str | None = None,
        rsa_bits: int | None = None,
        with_key_identifier: bool = False,
    ) -> Issued:
        """A certificate for a host or a client, valid from so many days from now until so many."""
        key: Any = ec.generate_private_key(ec.SECP256R1())
        if rsa_bits is not None:
            key = rsa.generate_private_key(65537, rsa_bits)
        name = x509.DNSName(host) if address is None else x509.IPAddress(ip_address(address))
        builder = _build(_name(host), key, self, days).add_extension(
            x509.SubjectAlternativeName([name]), critical=False
        )
        if with_key_identifier:
            identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
            builder = builder.add_extension(identifier, critical=False)
        return Issued(builder.sign(self.key, hashes.SHA256()), key, self.chain)

    def write(self, path: Path) -> Path:
        """A file with its certificate."""
        path.write_bytes(self.certificate.public_bytes(_PEM))
        return path


def serve_with(issued: Issued, path: Path, *, clients_of: Path | None = None) -> ssl.SSLContext:
    """The context of a server; `clients_of`: it asks for client certificates of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # so that it may have a weak key
    context.load_cert_chain(issued.write(path))
    if clients_of is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients_of)
    return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _build(subject: x509.Name, key: Any, issuer: Authority, days: tuple[int, int]) -> x509.CertificateBuilder:
    begins, ends = (_NOW + datetime.timedelta(days=each) for each in days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
