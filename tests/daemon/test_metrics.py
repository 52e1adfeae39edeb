"""What a real daemon shows in a scrape: every metric of the catalogue, and what is true at that moment."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from dcvd.config import Config, LoadedConfig, ServerConfig, SocketAddress
from dcvd.config.sections import DatabaseConfig
from dcvd.core.instants import SECOND
from dcvd.daemon import Daemon
from dcvd.errors import DiskFull
from dcvd.metrics.catalogue import CATALOGUE
from dcvd.metrics.definitions import MetricType
from dcvd.sandbox import Sandbox
from dcvd.services import organizations
from dcvd.services.domains import additions
from dcvd.services.webhooks import endpoints
from dcvd.store.backups.mark import mark_backup
from tests.dns.programs import program
from tests.kit.receivers import receiver
from tests.metrics.test_metrics import Samples, read_samples
from tests.monitoring.files import list_expressions, list_selectors
from tests.waiting import until

_LOOPBACK = SocketAddress("127.0.0.1", 0)


@asynccontextmanager
async def daemon_of(world: Sandbox, config: Config, directory: Path) -> AsyncIterator[Daemon]:
    """A daemon of this process, at the sandbox's API, with the limits that real ones have."""
    cloudflare = replace(config.cloudflare, base_url=world.api_url, requests_per_5m=1200, certificates_per_minute=15)
    host, _, port = world.dns_address.rpartition(":")
    own = replace(
        config,
        server=ServerConfig(
            listen=(_LOOPBACK,), socket=directory / "s", shutdown_timeout=2_000, metrics_listen=_LOOPBACK
        ),
        database=DatabaseConfig(path=directory / "dcvd.db", lock_wait=50),
        cloudflare=cloudflare,
        dns=replace(config.dns, resolvers=(SocketAddress(host, int(port)),)),
        sync=replace(config.sync, tick=50, pending_interval=200),
    )
    loaded = LoadedConfig(config=own, path=directory / "dcvd.toml", from_environment=(), warnings=())
    async with Daemon(loaded) as daemon:
        yield daemon


async def scrape(daemon: Daemon) -> str:
    """As Prometheus does by `metrics_listen`."""
    async with aiohttp.ClientSession() as session, session.get(f"{daemon.metrics_urls[0]}/metrics") as response:
        assert response.status == 200
        return await response.text()


async def read(daemon: Daemon) -> Samples:
    return read_samples((await scrape(daemon)).encode())


async def _take(_: web.Request) -> web.Response:
    return web.Response(status=204)


async def test_a_scrape_has_every_metric_of_the_catalogue_and_no_other(
    world: Sandbox, config: Config, tmp_path: Path
) -> None:
    async with receiver(_take) as port, daemon_of(world, config, tmp_path) as daemon:
        context = daemon.context
        organization = await organizations.create(context, "Acme-of-the-test")
        await endpoints.create(context, organization.id, url=f"http://127.0.0.1:{port}/hook", events=["*"])
        await additions.add(context, organization.id, "app.customer.test")
        mark_backup(tmp_path / "dcvd.db", context.now() - SECOND)

        async def is_active() -> bool:
            samples = await read(daemon)
            is_known = ("dcvd_ready", ()) in samples and samples["dcvd_domain_activation_seconds_count", ()] == 1
            return is_known and samples["dcvd_deliveries", (("state", "pending"),)] == 0

        await until(is_active)
        async with aiohttp.ClientSession(daemon.urls[0]) as tenant:
            for headers in ({}, {"Authorization": "Bearer dcv_live_0"}):
                async with tenant.get("/api/domains", headers=headers) as response:
                    assert response.status == 401
        text = await scrape(daemon)
        by_socket = aiohttp.UnixConnector(str(tmp_path / "s"))
        async with (
            aiohttp.ClientSession(connector=by_socket) as session,
            session.get("http://operator/metrics") as response,
        ):
            assert set(read_samples(await response.read())) == set(read_samples(text.encode()))
        await _check_catalogue(text)
        _check_truth(await read(daemon))
    for secret in ("Acme-of-the-test", "customer.test", organization.id, str(port)):
        assert secret not in text


async def _check_catalogue(text: str) -> None:
    families = {family.name: family for family in text_string_to_metric_families(text)}
    shown = {definition.name.removesuffix("_total"): definition for definition in CATALOGUE}
    assert set(families) == set(shown)
    for name, family in families.items():
        assert (family.type, family.documentation) == (shown[name].type, shown[name].meaning), name
        extra = {"le"} if family.type == MetricType.HISTOGRAM else set()
        for sample in family.samples:
            assert set(sample.labels) - extra == set(shown[name].labels), name
    present = {sample.name for family in families.values() for sample in family.samples}
    named = {name for expression in list_expressions() for name, _ in list_selectors(expression)}
    # What only happens, and has not happened here, has no label values yet.
    not_yet = {"dcvd_alert_attempts_total", "dcvd_delivery_own_faults_total", "dcvd_cloudflare_notifications_total"}
    assert named - present <= not_yet | {"dcvd_edge_probes_total"}
    promtool = program("promtool")
    done = await asyncio.to_thread(
        subprocess.run, [promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def _check_truth(samples: Samples) -> None:
    assert samples["dcvd_domains", (("ready", "true"), ("status", "active"), ("waits_for", "none"))] == 1
    assert sum(value for (name, _), value in samples.items() if name == "dcvd_domains") == 1
    assert sum(value for (name, _), value in samples.items() if name == "dcvd_certificates") == 1
    assert samples["dcvd_endpoints", (("health", "healthy"),)] == 1
    assert samples["dcvd_organizations", (("status", "active"),)] == 1
    assert samples["dcvd_jobs", (("kind", "register"), ("state", "pending"))] == 0
    assert samples["dcvd_job_attempts_total", (("kind", "register"), ("outcome", "done"))] == 1
    delivered = samples["dcvd_deliveries_ended_total", (("state", "delivered"),)]
    assert delivered >= 3  # domain.added, dns.verified, domain.active
    for name in ("dcvd_delivery_first_attempt_seconds", "dcvd_delivery_success_seconds"):
        assert samples[f"{name}_count", ()] == delivered, name
        assert 0 <= samples[f"{name}_sum", ()] < 60, name
    assert samples["dcvd_domain_issuance_seconds_count", ()] == 1
    assert 0 < samples["dcvd_domain_issuance_seconds_sum", ()] <= samples["dcvd_domain_activation_seconds_sum", ()]
    assert samples["dcvd_cloudflare_token_valid", ()] == 1
    assert samples["dcvd_cloudflare_requests_limit", ()] == 1200
    assert 0 < samples["dcvd_cloudflare_requests_left", ()] < 1200
    assert samples["dcvd_cloudflare_certificates_left", ()] == 14
    assert samples["dcvd_http_requests_in_flight", ()] == 0
    assert samples["dcvd_http_requests_total", (("route", "domains"), ("status", "4xx"))] == 2
    assert samples["dcvd_http_requests_total", (("route", "metrics"), ("status", "2xx"))] == 1
    assert samples["dcvd_authentication_failures_total", (("reason", "refused"),)] == 2
    assert samples["dcvd_network_connections", (("kind", "metrics"),)] == 1
    assert 0 < samples["process_open_fds", ()] < samples["process_max_fds", ()]
    assert samples["dcvd_store_free_bytes", ()] <= samples["dcvd_store_disk_bytes", ()]


async def test_while_the_disk_is_full_the_metrics_go_on_and_say_so(
    world: Sandbox, config: Config, tmp_path: Path
) -> None:
    async with daemon_of(world, config, tmp_path) as daemon:
        context = daemon.context
        organization = await organizations.create(context, "Acme")
        await additions.add(context, organization.id, "first.other.test")
        database = context.database
        (pages,) = await database.maintain(lambda connection: connection.execute("PRAGMA page_count").fetchone())
        await database.maintain(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())

        async def add_many() -> None:
            for number in range(1_000):
                await additions.add(context, organization.id, f"{'n' * 60}.{number}.other.test")

        with pytest.raises(DiskFull):
            await add_many()
        first = await read(daemon)
        assert first["dcvd_store_failed_commits_total", (("code", "disk_full"),)] >= 1
        stored = sum(value for (name, _), value in first.items() if name == "dcvd_domains")
        assert stored >= 1

        async def has_aged() -> bool:
            later = await read(daemon)
            # What nobody can plan anew is later with each scrape: no value stays what it was. Whether a full disk
            # refuses that of checks or that of jobs depends on which of their pages have room.
            delays = [
                ("dcvd_check_delay_seconds", (("lane", "waiting"),)),
                ("dcvd_job_delay_seconds", (("kind", "register"),)),
            ]
            has_grown = any(later.get(delay, 0) > first.get(delay, 0) for delay in delays)
            return has_grown and later["dcvd_metrics_source_up", (("source", "database"),)] == 1

        await until(has_aged)
        counted = await database.read(lambda snapshot: snapshot.fetch_count("SELECT sum(domains) FROM domain_counts"))
        assert counted == stored
