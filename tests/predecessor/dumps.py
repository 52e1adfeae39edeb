"""Dumps of the predecessor's database, as its migrations describe it, with the odd rows that installations have."""

import base64
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from dcvd.cli.predecessor.reading import open_dump
from dcvd.core.predecessor.reading import ReadResult
from dcvd.core.secret import Secret
from dcvd.kit.vault.passphrase_ciphertexts import decrypt
from tests.marked import marked

ACME: Final = "0b5f0d3e-5c6b-4a7e-9a55-1d2c3b4a5f60"
PASSPHRASE: Final = "a passphrase, of their own"
HEX_TOKEN: Final = hashlib.sha256(b"hex token").hexdigest()
URL_TOKEN: Final = base64.urlsafe_b64encode(hashlib.sha256(b"url token").digest()).decode().rstrip("=")
SECRET: Final = hashlib.sha256(b"secret").hexdigest()
CF_SHOP: Final = "5b000000-0000-4000-8000-000000000001"
NOW: Final = 1_800_000_000_000
_DIRECTORY: Final = Path(__file__).parent


@lru_cache
def encrypt(text: str, passphrase: str = PASSPHRASE) -> str:
    """What the predecessor stored of a token, made as its description says, by nothing of ours."""
    salt, iv = hashlib.sha256(text.encode()).digest()[:16], hashlib.sha256(text.encode()).digest()[16:28]
    key = PBKDF2HMAC(algorithm=hashes.SHA256(), length=32, salt=salt, iterations=100_000).derive(passphrase.encode())
    return base64.b64encode(salt + iv + AESGCM(key).encrypt(iv, text.encode(), None)).decode()


def full_dump(
    *,
    receiver: str = "https://hooks.acme.example/in",
    access: str | None = None,
    refresh: str | None = None,
    cf_shop: str = CF_SHOP,
) -> str:
    """All tables, with the odd rows. access, refresh: the tokens of Acme's connection at Cloudflare."""
    filled = (_DIRECTORY / "full.sql").read_text(encoding="utf-8")
    for name, value in {
        "hex_hash": hashlib.sha256(HEX_TOKEN.encode()).hexdigest(),
        "url_hash": hashlib.sha256(URL_TOKEN.encode()).hexdigest().upper(),
        "cf_shop": cf_shop,
        "receiver": receiver,
        "secret": SECRET,
        "access": encrypt(access or marked("access")),
        "refresh": encrypt(refresh or marked("refresh")),
        "stub": encrypt("stub_access_token"),
    }.items():
        filled = filled.replace("{" + name + "}", value)
    return filled


def earliest_dump() -> str:
    """Few tables with few columns, and jobs in two shapes."""
    return (_DIRECTORY / "earliest.sql").read_text(encoding="utf-8")


def large_dump(hostnames: dict[str, str], receiver: str) -> str:
    """A company with many domains, of each its name and the id of its hostname at Cloudflare."""
    head, rest = full_dump(receiver=receiver).split("CREATE TABLE webhook_endpoints", 1)
    rows = "".join(
        f"INSERT INTO domains VALUES('d1{number:06d}-0000-4000-8000-000000000000','{ACME}','{name}','active',"
        f"'edge.sandbox.test','{cf_id}','active','active','[]',NULL,NULL,NULL,'2025-01-15 08:30:00',NULL);\n".replace(
            "NULL);", "'2025-01-15 08:30:00');"
        )
        for number, (name, cf_id) in enumerate(hostnames.items())
    )
    return f"{head}{rows}CREATE TABLE webhook_endpoints{rest}"


@lru_cache
def _decrypt(text: str) -> Secret:
    return decrypt(text, [Secret(PASSPHRASE)])


def read_rows(dump: str, *, organization: str | None = None, now: int = NOW) -> list[ReadResult]:
    """What the command reads of a dump."""
    with open_dump(BytesIO(dump.encode()), organization=organization, now=now) as source:
        return list(source.read(_decrypt))


def describe(dump: str) -> tuple[list[str], list[str]]:
    """What the command says that a dump lacks, and that stays behind."""
    with open_dump(BytesIO(dump.encode()), organization=None, now=NOW) as source:
        return source.describe_missing(), source.describe_not_moved()


def cut(dump: str, size: int) -> Iterator[str]:
    """The text in pieces."""
    return (dump[start : start + size] for start in range(0, len(dump), size))
