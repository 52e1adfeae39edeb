"""Receivers that ask for a client certificate, before the handshake ends or, with TLS 1.3, after it."""

import os
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dcvd.core.http.client_certificates import ClientCredentials
from dcvd.core.http.exchanges import FailureReason
from dcvd.core.secret import Secret
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.proxying.proxy import HttpProxy
from dcvd.kit.tls.client_certificate import build_credentials
from dcvd.kit.tls.trust import TrustStore
from tests.authority import Authority, Issued, serve_with
from tests.kit.proxies import proxying
from tests.kit.receivers import egress, receiver
from tests.kit.tls.blocking_server import serving
from tests.system_names import Resolver

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(autouse=True)
def _localhost(resolver: Resolver) -> None:
    resolver.answers["localhost"] = [["127.0.0.1"]]


def _credentials(issued: Issued) -> ClientCredentials:
    return build_credentials(Secret(issued.key_pem + issued.certificate_pem))


class Asking:
    """A receiver that asks for certificates of `clients`, and knows whose it got."""

    def __init__(self, tmp_path: Path, version: ssl.TLSVersion) -> None:
        self.clients = Authority("Clients")
        server = Authority("Servers")
        self.store = TrustStore(server.write(tmp_path / "servers.pem"), with_system=False)
        self.tls = serve_with(
            server.issue(), tmp_path / "server.pem", clients_of=self.clients.write(tmp_path / "c.pem")
        )
        self.tls.minimum_version = self.tls.maximum_version = version
        self.seen: list[tuple[str, int]] = []

    def note(self, connection: ssl.SSLSocket) -> None:
        certificate: Any = connection.getpeercert()
        (((_, name),),) = certificate["subject"]
        self.seen.append((name, connection.getpeername()[1]))


async def _fail(asking: Asking, credentials: ClientCredentials | None) -> EgressError:
    with serving(asking.tls, asking.note) as port, pytest.raises(EgressError) as caught:
        async with egress(get_trust=lambda: asking.store) as client:
            await client.post(
                f"https://localhost:{port}/", b"{}", {}, timeout_s=30, owner="org_a", credentials=credentials
            )
    assert asking.seen == []
    return caught.value


async def test_a_certificate_that_is_missing_after_the_handshake_is_told_as_such(tmp_path: Path) -> None:
    error = await _fail(Asking(tmp_path, ssl.TLSVersion.TLSv1_3), None)
    assert (error.kind, error.reason) == ("tls", FailureReason.CLIENT_CERTIFICATE_REQUIRED)
    assert error.message == "No trusted TLS connection to localhost: it asks for a client certificate."


async def test_a_certificate_that_is_missing_within_the_handshake_fails_it(tmp_path: Path) -> None:
    # OpenSSL's servers send handshake_failure with TLS 1.2, which may mean anything.
    error = await _fail(Asking(tmp_path, ssl.TLSVersion.TLSv1_2), None)
    assert (error.kind, error.reason) == ("tls", FailureReason.TLS_HANDSHAKE)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("fault", ["unknown authority", "expired"])
async def test_a_certificate_that_is_refused_is_told_as_such(
    tmp_path: Path, version: ssl.TLSVersion, fault: str
) -> None:
    asking = Asking(tmp_path, version)
    days = (-9, -2) if fault == "expired" else (-1, 1)
    authority = asking.clients if fault == "expired" else Authority("Unknown")
    error = await _fail(asking, _credentials(authority.issue("acme", days=days)))
    assert (error.kind, error.reason) == ("tls", FailureReason.CLIENT_CERTIFICATE_REFUSED)
    assert "it refused our client certificate" in error.message


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_right_certificate_is_delivered_and_its_connection_is_its_own(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    asking = Asking(tmp_path, version)
    one, two = (_credentials(asking.clients.issue(name)) for name in ("one", "two"))
    with serving(asking.tls, asking.note) as port:
        async with egress(get_trust=lambda: asking.store) as client:
            for credentials in (one, two, one, two):
                answer = await client.post(
                    f"https://localhost:{port}/", b"{}", {}, timeout_s=30, owner="org_a", credentials=credentials
                )
                assert answer.status == 200
    assert [name for name, _ in asking.seen] == ["one", "two", "one", "two"]
    assert asking.seen[0][1] == asking.seen[2][1] != asking.seen[1][1] == asking.seen[3][1]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_client_certificate_is_shown_to_the_receiver_through_a_proxy_and_never_to_the_proxy(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    asking = Asking(tmp_path, version)
    at_proxy = Asking(tmp_path, version)
    at_proxy.tls.verify_mode = ssl.CERT_OPTIONAL
    shown: list[object] = []
    with serving(asking.tls, asking.note) as port:
        async with proxying(at_proxy.tls) as proxy:
            proxy.on_asked = lambda writer: shown.append(writer.get_extra_info("peercert"))
            through = HttpProxy(f"https://localhost:{proxy.port}", None, lambda: at_proxy.store)
            async with egress(get_trust=lambda: asking.store, proxy=through) as client:
                await client.post(
                    f"https://localhost:{port}/",
                    b"{}",
                    {},
                    timeout_s=30,
                    owner="org_a",
                    credentials=_credentials(asking.clients.issue("one")),
                )
    assert [name for name, _ in asking.seen] == ["one"]
    assert shown in ([{}], [None])


async def test_a_receiver_that_asks_for_none_is_shown_none(tmp_path: Path) -> None:
    server = Authority("Servers")
    store = TrustStore(server.write(tmp_path / "servers.pem"), with_system=False)
    tls = serve_with(server.issue(), tmp_path / "server.pem")

    async def show(request: web.Request) -> web.Response:
        assert request.transport is not None
        return web.Response(text=str(request.transport.get_extra_info("peercert")))

    async with receiver(show, tls) as port, egress(get_trust=lambda: store) as client:
        credentials = _credentials(Authority("Clients").issue("one"))
        answer = await client.post(
            f"https://localhost:{port}/", b"{}", {}, timeout_s=30, owner="org_a", credentials=credentials
        )
    assert answer.body in (b"None", b"{}")


async def test_no_file_of_a_key_stays_behind() -> None:
    trust = TrustStore()
    await trust.find_context(_credentials(Authority().issue("one")), "org_a")  # the loop's threads are there now
    before = set(os.listdir("/proc/self/fd"))
    await trust.find_context(_credentials(Authority().issue("two")), "org_a")
    assert len(set(os.listdir("/proc/self/fd"))) <= len(before)
