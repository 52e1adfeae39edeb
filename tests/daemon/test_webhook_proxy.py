"""A daemon with a proxy: deliveries, tests of endpoints and the control take the same way."""

from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from dcvd.config import Config, LoadedConfig, ServerConfig, SocketAddress
from dcvd.config.sections import DatabaseConfig
from dcvd.core.secret import Secret
from dcvd.daemon import Daemon
from dcvd.services import organizations
from dcvd.services.domains import additions
from dcvd.services.webhooks import endpoints
from tests.delivery.receivers import receiving
from tests.kit.proxies import proxying


def _configured(config: Config, directory: Path, proxy_port: int) -> LoadedConfig:
    config = replace(
        config,
        server=ServerConfig(listen=(SocketAddress("127.0.0.1", 0),), socket=directory / "dcvd.sock"),
        database=DatabaseConfig(path=directory / "dcvd.db"),
        webhooks=replace(
            config.webhooks,
            allow_http=True,
            allow_private=(ip_network("127.0.0.0/8"),),
            proxy=f"http://127.0.0.1:{proxy_port}",
            proxy_credentials=Secret("dcvd:word"),
        ),
    )
    return LoadedConfig(config=config, path=directory / "dcvd.toml", from_environment=(), warnings=())


async def test_all_that_concerns_receivers_goes_through_the_proxy(sandbox_config: Config, tmp_path: Path) -> None:
    async with proxying() as proxy, receiving() as receiver:
        loaded = _configured(sandbox_config, tmp_path, proxy.port)
        of_receiver = urlsplit(receiver.base).netloc
        of_control = urlsplit(loaded.config.cloudflare.base_url).netloc
        async with Daemon(loaded) as daemon:
            context = daemon.context
            org_id = (await organizations.create(context, "Tenant")).id
            endpoint, _ = await endpoints.create(context, org_id, url=receiver.url, events=["domain.added"])
            await additions.add(context, org_id, "one.customer.test")
            await receiver.gets(1)
            assert [each for each in proxy.asked if each != of_control] == [of_receiver]
            assert proxy.fields["proxy-authorization"] == "Basic ZGN2ZDp3b3Jk"

            await daemon.services.tester.send_test(org_id, endpoint.id)
            await receiver.gets(2)
            assert [each for each in proxy.asked if each != of_control] == [of_receiver] * 2

            unreachable, _ = await endpoints.create(
                context, org_id, url=receiver.url.replace("127.0.0.1", "127.0.0.9"), events=["domain.added"]
            )
            proxy.refusals[of_receiver.replace("127.0.0.1", "127.0.0.9")] = 502
            _, recorded = await daemon.services.tester.send_test(org_id, unreachable.id)
            assert recorded.attempt.error is not None
            assert "the proxy on the way answered 502" in recorded.attempt.error
            assert of_control in proxy.asked
