"""Whom we trust, with every version of Python alike."""

import gc
import ssl
import weakref
from pathlib import Path

import pytest

from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.tls.trust import VERIFY_FLAGS, TrustStore
from tests.authority import Authority, serve_with
from tests.kit.receivers import egress, failure, ok, receiver
from tests.system_names import Resolver


@pytest.fixture(autouse=True)
def _localhost(resolver: Resolver) -> None:
    resolver.answers["localhost"] = [["127.0.0.1"]]


def test_the_rules_do_not_change_with_the_version_of_python() -> None:
    context = TrustStore().context
    assert context.verify_flags == VERIFY_FLAGS
    assert not context.verify_flags & ssl.VerifyFlags.VERIFY_X509_STRICT
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_store_that_a_reload_replaces_is_freed_at_once() -> None:
    gc.disable()
    try:
        store = TrustStore()
        context = weakref.ref(store.context)
        del store
        assert context() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("with_key_identifier", [False, True])
async def test_what_a_private_authority_issued_is_trusted_by_its_file(
    tmp_path: Path, with_key_identifier: bool
) -> None:
    authority = Authority()
    issued = authority.issue(with_key_identifier=with_key_identifier)
    tls = serve_with(issued, tmp_path / "server.pem")
    store = TrustStore(authority.write(tmp_path / "ca.pem"))
    async with receiver(ok, tls) as port:
        async with egress(get_trust=lambda: store) as client:
            answer = await client.post(f"https://localhost:{port}/", b"{}", {}, timeout_s=30, owner="org_a")
            assert answer.status == 200
        async with egress() as client:
            error = await failure(client, f"https://localhost:{port}/")
    assert error.reason is FailureReason.CERTIFICATE_UNTRUSTED


async def test_an_intermediate_authority_in_the_file_ends_a_chain(tmp_path: Path) -> None:
    intermediate = Authority("Issuing CA", Authority("Root"))
    store = TrustStore(intermediate.write(tmp_path / "ca.pem"), with_system=False)
    tls = serve_with(intermediate.issue(), tmp_path / "server.pem")
    async with receiver(ok, tls) as port, egress(get_trust=lambda: store) as client:
        answer = await client.post(f"https://localhost:{port}/", b"{}", {}, timeout_s=30, owner="org_a")
    assert answer.status == 200


@pytest.mark.parametrize(
    "content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "é"]
)
def test_a_file_without_a_certificate_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(content)
    with pytest.raises(OSError):  # ssl.SSLError is one
        TrustStore(path)
    with pytest.raises(FileNotFoundError):
        TrustStore(tmp_path / "missing.pem")


async def test_new_connections_use_the_authorities_of_the_moment(tmp_path: Path) -> None:
    old, new = Authority(), Authority("Other CA")
    stores = [TrustStore(old.write(tmp_path / "old.pem")), TrustStore(new.write(tmp_path / "new.pem"))]
    tls = serve_with(new.issue(), tmp_path / "server.pem")
    async with receiver(ok, tls) as port, egress(get_trust=lambda: stores[0]) as client:
        assert (await failure(client, f"https://localhost:{port}/")).kind == "tls"
        del stores[0]
        answer = await client.post(f"https://localhost:{port}/", b"{}", {}, timeout_s=30, owner="org_a")
    assert answer.status == 200
