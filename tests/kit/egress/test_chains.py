"""Chains whose fault is not the server's own certificate, and TLS of another age."""

import ssl
import warnings
from pathlib import Path

import pytest

from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.egress.failures import build_tls_error
from dcvd.kit.tls.trust import TrustStore
from tests.authority import Authority, Issued, serve_with
from tests.kit.receivers import egress, failure, ok, receiver
from tests.kit.tls.blocking_server import serving
from tests.system_names import Resolver


@pytest.fixture(autouse=True)
def _localhost(resolver: Resolver) -> None:
    resolver.answers["localhost"] = [["127.0.0.1"]]


async def _fail(tmp_path: Path, root: Authority, issued: Issued) -> tuple[FailureReason | None, str]:
    store = TrustStore(root.write(tmp_path / "root.pem"), with_system=False)
    tls = serve_with(issued, tmp_path / "server.pem")
    async with receiver(ok, tls) as port, egress(get_trust=lambda: store) as client:
        error = await failure(client, f"https://localhost:{port}/")
    assert error.kind == "tls"
    return error.reason, error.message


async def test_an_intermediate_certificate_that_expired_is_told_by_its_name(tmp_path: Path) -> None:
    root = Authority("Root")
    reason, message = await _fail(tmp_path, root, Authority("Issuing CA", root, days=(-9, -2)).issue())
    assert reason is FailureReason.CHAIN_EXPIRED
    assert "the certificate 'Issuing CA' of its chain expired on " in message


async def test_an_intermediate_certificate_that_is_not_valid_yet_is_told_as_such(tmp_path: Path) -> None:
    root = Authority("Root")
    reason, message = await _fail(tmp_path, root, Authority("Issuing CA", root, days=(2, 9)).issue())
    assert reason is FailureReason.CERTIFICATE_NOT_YET_VALID
    assert "a certificate of its chain is valid from " in message


async def test_where_our_own_root_is_old_it_is_not_the_receivers_fault(tmp_path: Path) -> None:
    root = Authority("Old root", days=(-9, -2))
    reason, message = await _fail(tmp_path, root, root.issue())
    assert reason is FailureReason.TRUST_STORE_OUTDATED
    assert "our own trust store" in message


async def test_of_two_certificates_that_expired_the_servers_own_is_told(tmp_path: Path) -> None:
    root = Authority("Root")
    issued = Authority("Issuing CA", root, days=(-9, -2)).issue(days=(-3, -1))
    assert (await _fail(tmp_path, root, issued))[0] is FailureReason.CERTIFICATE_EXPIRED


async def test_a_key_that_is_too_small_is_told_as_such(tmp_path: Path) -> None:
    authority = Authority()
    assert (await _fail(tmp_path, authority, authority.issue(rsa_bits=1024)))[0] is FailureReason.CERTIFICATE_WEAK


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("UNSAFE_LEGACY_RENEGOTIATION_DISABLED", FailureReason.TLS_TOO_OLD),
        ("UNSUPPORTED_PROTOCOL", FailureReason.TLS_TOO_OLD),
        ("TLSV1_ALERT_PROTOCOL_VERSION", FailureReason.TLS_TOO_OLD),
        ("DH_KEY_TOO_SMALL", FailureReason.TLS_TOO_OLD),
        ("EE_KEY_TOO_SMALL", FailureReason.CERTIFICATE_WEAK),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", FailureReason.CLIENT_CERTIFICATE_REQUIRED),
        ("SSLV3_ALERT_BAD_CERTIFICATE", FailureReason.CLIENT_CERTIFICATE_REQUIRED),
        ("TLSV1_ALERT_UNKNOWN_CA", FailureReason.CLIENT_CERTIFICATE_REQUIRED),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", FailureReason.TLS_HANDSHAKE),
        ("WRONG_VERSION_NUMBER", FailureReason.TLS_HANDSHAKE),
        ("", FailureReason.TLS_HANDSHAKE),
    ],
)
def test_what_openssl_says_has_its_reason(name: str, reason: FailureReason) -> None:
    error = ssl.SSLError(1, "as OpenSSL says")
    error.reason = name
    assert build_tls_error("hooks.example", error, has_certificate=False).reason is reason


async def test_a_server_that_speaks_tls_1_1_alone_is_too_old(tmp_path: Path) -> None:
    authority = Authority()
    store = TrustStore(authority.write(tmp_path / "root.pem"), with_system=False)
    tls = serve_with(authority.issue(), tmp_path / "server.pem")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with serving(tls, lambda _: None) as port:
        async with egress(get_trust=lambda: store) as client:
            error = await failure(client, f"https://localhost:{port}/")
    assert error.reason is FailureReason.TLS_TOO_OLD
