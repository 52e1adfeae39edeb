"""A fault of the operator's zone at Cloudflare is said by every domain, `/ready` and the metrics, until it is over."""

import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dcvd.sandbox import Sandbox
from tests.daemon.process import Api, DaemonProcess, daemon_with, tenant
from tests.waiting import until

NAME = "app.customer.test"
GAUGE = "dcvd_cloudflare_zone_faults"


async def metrics(daemon: DaemonProcess) -> str:
    """What an operator's Prometheus reads."""
    connector = aiohttp.UnixConnector(str(daemon.directory / "dcvd.sock"))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get("http://operator/metrics") as response,
    ):
        return await response.text()


async def added(api: Api) -> str:
    status, answer = await api.call("POST", "/api/domains", {"domainName": NAME})
    assert status == 201, answer
    return str(answer["domain"]["id"])


async def diagnosis(api: Api, domain_id: str) -> dict[str, Any]:
    status, answer = await api.call("GET", f"/api/domains/{domain_id}/diagnosis")
    assert status == 200, answer
    found: dict[str, Any] = answer["diagnosis"]
    return found


@pytest.mark.parametrize("is_right_in_dns", [False, True])
async def test_a_wrong_token_blames_the_operator_and_nobody_else_until_it_is_replaced(
    tmp_path: Path, world: Sandbox, is_right_in_dns: bool
) -> None:
    if is_right_in_dns:
        world.set_dns(NAME, "CNAME", ["edge.sandbox.test."])
    async with daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        token = daemon.directory / "token"
        right = token.read_text()
        token.write_text("wrong")
        daemon.process.send_signal(signal.SIGHUP)

        async def is_at_fault() -> bool:
            return f'{GAUGE}{{code="cloudflare_unauthorized"}} 1.0' in await metrics(daemon)

        await until(is_at_fault)
        domain_id = await added(api)
        found = await diagnosis(api, domain_id)
        assert (found["findings"][0]["code"], found["findings"][0]["actor"]) == ("cloudflare_unauthorized", "operator")
        assert found["summary"].startswith("The operator of this service has to act: ")
        status, shown = await api.call("GET", "/ready")
        _, listed = await api.call("GET", "/api/domains")
        assert (status, shown["parts"]["cloudflare"]) == (503, "failing")
        assert listed["domains"][0]["findings"][0]["code"] == "cloudflare_unauthorized"
        token.write_text(right)
        daemon.process.send_signal(signal.SIGHUP)

        async def is_well() -> bool:
            codes = [finding["code"] for finding in (await diagnosis(api, domain_id))["findings"]]
            return "cloudflare_unauthorized" not in codes

        await until(is_well)
        # Its registration does not wait for the end of the backoff.

        async def is_registered() -> bool:
            return (await api.call("GET", f"/api/domains/{domain_id}"))[1]["domain"]["registration"] is None

        await until(is_registered)
        assert f'{GAUGE}{{code="cloudflare_unauthorized"}} 0.0' in await metrics(daemon)


async def test_a_daemon_that_starts_with_a_zone_without_fallback_origin_says_so(tmp_path: Path, world: Sandbox) -> None:
    world.world.set_fallback(None)
    async with daemon_with(tmp_path, world) as daemon, tenant(daemon) as api:
        domain_id = await added(api)

        async def is_said() -> bool:
            return [each["code"] for each in (await diagnosis(api, domain_id))["findings"]][:1] == ["fallback_origin"]

        await until(is_said)
