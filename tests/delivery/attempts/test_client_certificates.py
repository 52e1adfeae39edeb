"""A receiver that asks for a client certificate gets the one of its endpoint."""

import ssl
from pathlib import Path
from typing import Any

from dcvd.core.secret import Secret
from dcvd.kit.tls.trust import TrustStore
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.client_certificates import NewClientCertificate
from dcvd.services.webhooks.endpoints import EndpointChange
from tests.authority import Authority, serve_with
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.views import attempts, delivered
from tests.kit.tls.blocking_server import serving
from tests.manual_clock import RealClock
from tests.system_names import Resolver
from tests.waiting import until


async def test_deliveries_fail_without_the_certificate_and_go_on_once_it_is_given(
    context: Context, org: str, resolver: Resolver, tmp_path: Path
) -> None:
    context.clock = RealClock()
    configure(context, retry_schedule=(0, *(20,) * 20))
    resolver.answers["localhost"] = [["127.0.0.1"]]
    servers, clients = Authority("Servers"), Authority("Clients")
    store = TrustStore(servers.write(tmp_path / "servers.pem"), with_system=False)
    tls = serve_with(servers.issue(), tmp_path / "server.pem", clients_of=clients.write(tmp_path / "clients.pem"))
    seen: list[Any] = []

    def note(connection: ssl.SSLSocket) -> None:
        seen.append(connection.getpeercert())

    with serving(tls, note) as port:
        endpoint_id, _ = await subscribe(context, org, f"https://localhost:{port}/hooks")
        async with at_work(context, get_trust=lambda: store):
            await happen(context, org)

            async def failed() -> bool:
                return bool(await attempts(context))

            await until(failed)
            issued = clients.issue("acme")
            given = NewClientCertificate(certificate=issued.certificate_pem, private_key=Secret(issued.key_pem))
            await endpoints.change(context, org, endpoint_id, EndpointChange(client_certificate=given))
            await delivered(context, 1)
    first, *_, last = await attempts(context)
    assert (first[1], last[1]) == ("tls", "delivered")
    assert [certificate["subject"] for certificate in seen] == [((("commonName", "acme"),),)]
