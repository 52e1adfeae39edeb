"""A daemon at work sends traces of requests, jobs, checks and attempts, with ids alone, where there is a collector."""

from pathlib import Path

import aiohttp

from dcvd.sandbox import Sandbox
from tests.daemon.process import daemon_with, tenant
from tests.delivery.receivers import receiving
from tests.free_ports import find_free_port
from tests.kit.tracing.collector import Collector, attributes, collecting
from tests.waiting import until

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_what_a_daemon_does_is_traced_from_the_request_to_the_attempt(tmp_path: Path, world: Sandbox) -> None:
    async with collecting() as collector, receiving() as receiver:
        extra = f'[tracing]\notlp_endpoint = "{collector.url}"\n'
        async with daemon_with(tmp_path, world, extra=extra) as daemon, tenant(daemon) as api:
            await api.call("POST", "/api/webhooks", {"url": receiver.url, "events": ["domain.added", "domain.active"]})
            headers = {"traceparent": PARENT}
            _, added = await api.call("POST", "/api/domains", {"domainName": "app.customer.test"}, headers=headers)
            async with aiohttp.ClientSession(headers=headers) as stranger:
                for path, status in (("/health", 200), ("/api/domains/s3cret", 401)):
                    async with stranger.get(f"{daemon.url}{path}") as response:
                        assert response.status == status
            await receiver.gets(2)
            await daemon.terminate()
        check_what_came(collector, added["domain"])
        assert receiver.received
        for request in receiver.received:
            assert "traceparent" not in request.headers


def check_what_came(collector: Collector, domain: dict[str, str]) -> None:
    (request,) = collector.named("POST /api/domains")
    facts = attributes(request)
    assert (facts["http.response.status_code"], facts["dcvd.org_id"]) == (201, domain["orgId"])
    assert [link.trace_id.hex() for link in request.links] == [PARENT[3:35]]
    assert collector.named("GET /health")
    assert not any(span.links for span in collector.spans if span.span_id != request.span_id)

    (job,) = collector.named("job register")
    assert attributes(job)["dcvd.domain_id"] == domain["id"]
    assert attributes(job)["dcvd.request_id"] == facts["dcvd.request_id"]
    assert "cloudflare POST /custom_hostnames" in {span.name for span in collector.children(job)}

    checks = [span for span in collector.named("domain check") if attributes(span)["dcvd.domain_id"] == domain["id"]]
    below = [span for check in checks for span in collector.children(check)]
    assert {span.name for span in below} >= {"dns query", "cloudflare GET /custom_hostnames/{id}"}

    attempts = {attributes(span)["dcvd.event_type"]: attributes(span) for span in collector.named("delivery attempt")}
    assert attempts["domain.added"]["dcvd.request_id"] == facts["dcvd.request_id"]
    assert attempts["domain.added"]["http.response.status_code"] == 200
    assert "dcvd.request_id" not in attempts["domain.active"]

    everything = b"".join(collector.raw)
    for secret in (b"customer.test", b"s3cret", b"dcv_live", b"sandbox-token", b"whsec"):
        assert secret not in everything


async def test_a_daemon_whose_collector_is_dead_serves_and_stops_as_ever(tmp_path: Path, world: Sandbox) -> None:
    extra = f'[tracing]\notlp_endpoint = "http://127.0.0.1:{find_free_port()}"\n'
    async with daemon_with(tmp_path, world, extra=extra) as daemon, tenant(daemon) as api:
        for _ in range(20):
            assert (await api.call("GET", "/api/domains"))[0] == 200

        async def is_started() -> bool:
            return "traces.started" in daemon.log.read_text()

        await until(is_started)
        assert await daemon.terminate() == 0
    assert "daemon.stopped" in daemon.log.read_text()
