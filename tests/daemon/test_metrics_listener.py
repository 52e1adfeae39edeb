"""`server.metrics_listen`: the metrics over TCP, for whoever reaches it, and nothing else."""

from pathlib import Path

import aiohttp
import pytest
from msgspec.structs import replace

from dcvd.config import Config, LoadedConfig, ServerConfig, SocketAddress
from dcvd.config.sections import DatabaseConfig
from dcvd.daemon import Daemon
from dcvd.errors import DcvdError

_LOOPBACK = SocketAddress("127.0.0.1", 0)


def load_with(config: Config, directory: Path, metrics_listen: SocketAddress | None) -> LoadedConfig:
    server = ServerConfig(
        listen=(_LOOPBACK,), socket=directory / "s", shutdown_timeout=2_000, metrics_listen=metrics_listen
    )
    own = replace(config, server=server, database=DatabaseConfig(path=directory / "dcvd.db", lock_wait=50))
    return LoadedConfig(config=own, path=directory / "dcvd.toml", from_environment=(), warnings=())


async def test_it_serves_the_metrics_and_nothing_else(sandbox_config: Config, tmp_path: Path) -> None:
    async with (
        Daemon(load_with(sandbox_config, tmp_path, _LOOPBACK)) as daemon,
        aiohttp.ClientSession(daemon.metrics_urls[0]) as session,
    ):
        async with session.get("/metrics") as response:
            assert response.status == 200
            assert response.headers["Content-Type"].startswith("text/plain")
            assert "dcvd_certificate_renewals_overdue" in await response.text()
        async with session.head("/metrics") as response:
            assert (response.status, await response.read()) == (200, b"")
            assert int(response.headers["Content-Length"]) > 0
        others = ("/health", "/api/domains", "/operator/organizations", "/metrics/", "/", "/schema")
        for method, path in [*(("GET", path) for path in others), ("POST", "/metrics"), ("OPTIONS", "/metrics")]:
            async with session.request(method, path) as response:
                assert response.status == 404, path
        async with aiohttp.ClientSession(daemon.urls[0]) as tenant, tenant.get("/metrics") as response:
            assert response.status == 404


async def test_without_an_address_there_is_none(sandbox_config: Config, tmp_path: Path) -> None:
    async with Daemon(load_with(sandbox_config, tmp_path, None)) as daemon:
        assert daemon.metrics_urls == []


async def test_an_address_in_use_is_known_at_the_start_and_leaves_nothing_open(
    sandbox_config: Config, tmp_path: Path
) -> None:
    async with Daemon(load_with(sandbox_config, tmp_path, _LOOPBACK)) as daemon:
        port = int(daemon.metrics_urls[0].rpartition(":")[2])
        other = tmp_path / "other"
        other.mkdir()
        with pytest.raises(DcvdError, match=str(port)):
            await Daemon(load_with(sandbox_config, other, SocketAddress("127.0.0.1", port))).start()
        assert not (other / "s").exists()
