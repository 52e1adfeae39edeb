"""The proxies of docs/proxies.md as real programs, with the very text of the page but for ports and certificates."""

import asyncio
import contextlib
import os
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from tests.docs.markdown import ROOT, read_page
from tests.free_ports import find_free_port
from tests.waiting import until

NAME = "dcv.example.net"
PAGE = read_page(ROOT / "docs" / "proxies.md")


class Proxy(Struct, frozen=True):
    """A program, the language of its block in the page, and what makes a configuration of that.

    configure: the page's text, the directory of files, the port to listen at; command: the words that start it.
    """

    program: str
    language: str
    configure: Callable[[str, Path, int], str]
    command: Callable[[Path], list[str]]


def block(language: str) -> str:
    """The one block of the page in a language."""
    (found,) = [each.text for each in PAGE.blocks if each.language == language]
    return found


def _nginx(text: str, directory: Path, port: int) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {directory}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}")
    text = text.replace(f"/etc/ssl/{NAME}.pem", f"{directory}/certificate.pem")
    text = text.replace(f"/etc/ssl/{NAME}.key", f"{directory}/key.pem")
    return (
        f"daemon off;\n{user}\npid {directory}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}\n{text}\n}}\n"
    )


def _caddy(text: str, directory: Path, port: int) -> str:
    head = f"{NAME} {{\n"
    assert text.startswith(head)
    site = f"{NAME}:{port} {{\n\tbind 127.0.0.1\n\ttls {directory}/certificate.pem {directory}/key.pem\n"
    return "{\n\tadmin off\n\tauto_https off\n}\n" + site + text.removeprefix(head)


PROXIES = (
    Proxy("nginx", "nginx", _nginx, lambda config: ["nginx", "-p", str(config.parent), "-c", str(config)]),
    Proxy("caddy", "caddy", _caddy, lambda config: ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)]),
)


@asynccontextmanager
async def running(
    proxy: Proxy, directory: Path, upstream: int, *, name: str = NAME, text: str | None = None
) -> AsyncIterator[int]:
    """The port at which the proxy speaks TLS for dcvd at a port of loopback.

    name: by which people come; text: what stands in place of the page's block.
    """
    _make_certificate(directory, name)
    port = find_free_port()
    text = block(proxy.language) if text is None else text
    assert "127.0.0.1:8080" in text
    config = directory / "proxy.conf"
    configured = proxy.configure(text.replace("127.0.0.1:8080", f"127.0.0.1:{upstream}"), directory, port)
    config.write_text(configured.replace(NAME, name))
    log = directory / "proxy.log"
    program, *arguments = proxy.command(config)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            shutil.which(program) or program, *arguments, stdout=output, stderr=output,
            env={"PATH": os.environ["PATH"], "HOME": str(directory)},
        )  # fmt: skip

    async def listens() -> bool:
        assert process.returncode is None, log.read_text()
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        return False

    try:
        await until(listens)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def trust(directory: Path) -> ssl.SSLContext:
    """Trusts the certificate of the proxy that runs in a directory, and nothing else."""
    return ssl.create_default_context(cafile=str(directory / "certificate.pem"))


def _make_certificate(directory: Path, dns_name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, dns_name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(dns_name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (directory / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
