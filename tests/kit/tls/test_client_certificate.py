"""Client certificates as people paste them, well and badly."""

import base64
import datetime
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa, x25519
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.secret import Secret
from dcvd.kit.tls.client_certificate import BadClientCertificate, read_client_certificate
from tests.authority import Authority

_AUTHORITY = Authority("Clients")
_GOOD = _AUTHORITY.issue("acme")
_NOW = time.time_ns() // 1_000_000


def _refusal(certificate: str, key: str) -> tuple[str, str]:
    with pytest.raises(BadClientCertificate) as caught:
        read_client_certificate(certificate, Secret(key), _NOW)
    assert str(caught.value).endswith(".")
    return caught.value.part, str(caught.value)


def test_a_certificate_with_its_chain_and_text_around_it_is_read() -> None:
    issued = Authority("Issuing CA", _AUTHORITY).issue("acme")
    text = f"Bag Attributes\n  friendlyName: acme\n{issued.certificate_pem.replace(chr(10), chr(13) + chr(10))}"
    read = read_client_certificate(text, Secret(issued.key_pem), _NOW)
    assert (read.shown.subject, read.shown.issuer) == ("CN=acme", "CN=Issuing CA")
    assert len(bytes.fromhex(read.shown.fingerprint)) == 32
    ends_in = datetime.timedelta(milliseconds=read.shown.expires_at - _NOW)
    assert datetime.timedelta(hours=23) < ends_in <= datetime.timedelta(days=1)
    assert read.credentials.pem.reveal().count("BEGIN CERTIFICATE") == 2
    assert "PRIVATE" not in repr(read)


def test_each_kind_of_key_is_read() -> None:
    for issued in (_GOOD, _AUTHORITY.issue("acme", rsa_bits=2048)):
        read = read_client_certificate(issued.certificate_pem, Secret(issued.key_pem), _NOW)
        assert read.shown.subject == "CN=acme"


def test_what_cannot_be_used_is_refused_by_its_part() -> None:
    other = _AUTHORITY.issue("other")
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    encrypted = _GOOD.key.private_bytes(pem, form, serialization.BestAvailableEncryption(b"secret")).decode()
    ed_key = ed25519.Ed25519PrivateKey.generate().private_bytes(pem, form, serialization.NoEncryption()).decode()
    x_key = x25519.X25519PrivateKey.generate().private_bytes(pem, form, serialization.NoEncryption()).decode()
    small = _AUTHORITY.issue("acme", rsa_bits=1024)
    expired = _AUTHORITY.issue("acme", days=(-9, -1))
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    certificate, key = _GOOD.certificate_pem, _GOOD.key_pem
    found = {
        "no certificate": _refusal("hello", key),
        "broken": _refusal(broken, key),
        "a key in its place": _refusal(key, key),
        "too many": _refusal(certificate * 9, key),
        "too long": _refusal(certificate + " " * 40_000, key),
        "expired": _refusal(expired.certificate_pem, expired.key_pem),
        "no key": _refusal(certificate, "hello"),
        "another's key": _refusal(certificate, other.key_pem),
        "another kind of key": _refusal(certificate, ed_key),
        "a key that signs nothing": _refusal(certificate, x_key),
        "a key with a passphrase": _refusal(certificate, encrypted),
        "a long key": _refusal(certificate, key + " " * 40_000),
        "a small key": _refusal(small.certificate_pem, small.key_pem),
    }
    key_faults = {name for name, (part, _) in found.items() if part == "private_key"}
    assert key_faults == {
        "no key", "another's key", "another kind of key", "a key that signs nothing", "a key with a passphrase",
        "a long key", "a small key",
    }  # fmt: skip
    assert len({message for _, message in found.values()}) == len(found) - 2
    assert "without a passphrase" in found["a key with a passphrase"][1]


def _encode_rsa_key(n: int, p: int, q: int, d: int) -> str:
    """Encode a key by hand (RFC 8017, A.1.2): no library writes one whose parts do not fit together."""
    content = b"".join(_encode_der(2, _to_bytes(each)) for each in (0, n, 65537, d, p, q, 3, 5, 7))
    text = base64.encodebytes(_encode_der(0x30, content)).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{text}-----END RSA PRIVATE KEY-----\n"


def _to_bytes(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _encode_der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes(1 if size < 0x100 else 2, "big")
    return bytes((tag, 0x80 + len(length))) + length + content


def test_a_key_of_rsa_that_would_keep_everything_waiting_is_refused_at_once() -> None:
    """To find out whether its parts are primes would take a processor a minute, in which nothing else runs."""
    issued = _AUTHORITY.issue("acme", rsa_bits=2048)
    assert isinstance(issued.key, rsa.RSAPrivateKey)
    good = issued.key.private_numbers()
    n, p, q = good.public_numbers.n, 2**8191 + 2**4096 + 1, 2**8191 + 2**4097 + 1
    long, with_large_parts = _encode_rsa_key(p * q, p, q, 3), _encode_rsa_key(n, p, q, good.d)
    damaged = _encode_rsa_key(n, good.p, good.q, 3)
    started = time.process_time()
    found = [_refusal(issued.certificate_pem, key) for key in (long, with_large_parts, damaged)]
    assert time.process_time() - started < 1
    is_damaged = "The private key is damaged: what it signs is not right."
    assert found == [
        ("private_key", "The private key has 16383 bits; RSA needs 2048 to 4096."),
        ("private_key", is_damaged),
        ("private_key", is_damaged),
    ]


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_is_pasted_is_read_or_refused(certificate: str, key: str) -> None:
    for one, two in ((certificate, key), (_GOOD.certificate_pem, key), (certificate, _GOOD.key_pem)):
        with pytest.raises(BadClientCertificate):
            read_client_certificate(one, Secret(two), _NOW)
