"""A receiver that we did not write the checks of: Node's own crypto, and the official Standard Webhooks library."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from dcvd.core.events import EventType
from dcvd.core.observation import DnsFacts, DnsObservation, HostnameSeen, RegistrationRefused
from dcvd.core.signing import standard_secret
from dcvd.kit.clock import SystemClock
from dcvd.services import domains, looks, webhooks
from dcvd.services.context import Context
from tests.waiting import until

_NODE = shutil.which("node")
_MODULES = os.environ.get("DCVD_NODE_MODULES", "")

pytestmark = pytest.mark.skipif(
    _NODE is None or not (Path(_MODULES) / "standardwebhooks").is_dir(),
    reason="Node or its package standardwebhooks is not here: npm install standardwebhooks, then set "
    "DCVD_NODE_MODULES to the node_modules folder.",
)


@pytest.fixture
async def node() -> AsyncIterator[str]:
    """The receiver as a process; its base URL."""
    assert _NODE is not None
    script = Path(__file__).with_name("receiver.mjs")
    process = await asyncio.create_subprocess_exec(_NODE, str(script), stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(20):
        port = int(await process.stdout.readline())
    yield f"http://127.0.0.1:{port}"
    process.kill()
    await process.wait()


@pytest.mark.usefixtures("pool")
async def test_node_accepts_every_delivery_with_both_checks(context: Context, org: str, node: str) -> None:
    context.clock = SystemClock()
    endpoint = await webhooks.create(context, org, url=f"{node}/hooks", events=[*EventType])
    domain = await domains.add(context, org, "bücher.customer.test")
    facts = DnsFacts(hostname=domain.name, target=domain.cname_target, outcome="answered")
    await looks.record(context, domain.id, [DnsObservation(facts)])
    refusal = RegistrationRefused("odd", 'He said "no" \u2028 and <b>&</b> \x00\x1f\x7f ünïcödé \U0001f600 \\ /')
    await looks.record(context, domain.id, [refusal])
    seen = HostnameSeen(id="cf-1", hostname=domain.name, status="active", ssl_status="active")
    await looks.record(context, domain.id, [seen])
    await domains.remove(context, org, domain.id)
    expected = ["dns.check_failed", "domain.active", "domain.added", "domain.error", "domain.removed"]
    query = {"secret": endpoint.secret.reveal(), "signing": standard_secret(endpoint.secret).reveal()}
    verdict: list[tuple[str, bool, bool]] = []

    async with aiohttp.ClientSession() as session:

        async def arrived() -> bool:
            async with session.get(f"{node}/verdict", params=query) as response:
                verdict[:] = [tuple(entry) for entry in await response.json(content_type=None)]
            return len(verdict) == len(expected)

        await until(arrived)
        assert sorted(verdict) == [(event, True, True) for event in expected]
        query = {"secret": "0" * 64, "signing": "whsec_" + "A" * 43 + "="}
        await arrived()
        assert sorted(verdict) == [(event, False, False) for event in expected]
