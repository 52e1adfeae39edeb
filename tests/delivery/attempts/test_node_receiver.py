"""A receiver that we did not write the checks of: Node's own crypto, and the official Standard Webhooks library."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
from msgspec import Struct

from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.observations import CloudflareHostname, RegistrationRefusal
from dcvd.core.secret import Secret
from dcvd.core.webhooks.signing import to_standard_secret
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.lifecycle import checks
from dcvd.services.webhooks import endpoints, secret_rotation
from tests.delivery.clocks import Shifted
from tests.delivery.conftest import subscribe
from tests.delivery.owing import happen
from tests.delivery.views import delivered
from tests.manual_clock import RealClock
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
    async with asyncio.timeout(60):
        port = int(await process.stdout.readline())
    yield f"http://127.0.0.1:{port}"
    process.kill()
    await process.wait()


class Verdict(Struct, frozen=True):
    """What Node makes of a delivery: the predecessor's check with either header, and the official library's."""

    event: str
    current: bool
    previous: bool
    standard: bool


async def _verdicts(node: str, secret: Secret, count: int) -> list[Verdict]:
    """Of the first `count` deliveries, in the order of their arrival, once they are there."""
    query = {"secret": secret.reveal(), "signing": to_standard_secret(secret).reveal()}
    found: list[Verdict] = []
    async with aiohttp.ClientSession() as session:

        async def arrived() -> bool:
            async with session.get(f"{node}/verdict", params=query) as response:
                found[:] = msgspec.json.decode(await response.read(), type=list[Verdict])
            return len(found) == count

        await until(arrived)
    return found


@pytest.mark.usefixtures("pool")
async def test_node_accepts_every_delivery_with_both_checks(context: Context, org: str, node: str) -> None:
    context.clock = RealClock()
    _, secret = await endpoints.create(context, org, url=f"{node}/hooks", events=["*"])
    domain = await additions.add(context, org, "bücher.customer.test")
    facts = DnsFacts(hostname=domain.name, target=domain.cname_target, outcome="answered")
    await checks.record(context, domain.id, [DnsObservation(facts)])
    refusal = RegistrationRefusal("odd", 'He said "no" \u2028 and <b>&</b> \x00\x1f\x7f ünïcödé \U0001f600 \\ /')
    await checks.record(context, domain.id, [refusal])
    seen = CloudflareHostname(id="cf-1", hostname=domain.name, status="active", ssl_status="active")
    await checks.record(context, domain.id, [seen])
    await removals.remove(context, org, domain.id)
    expected = ["domain.added", "dns.check_failed", "domain.error", "domain.active", "domain.removed"]
    assert await _verdicts(node, secret, 5) == [
        Verdict(event, current=True, previous=False, standard=True) for event in expected
    ]
    wrong = Secret("0" * 64)
    assert await _verdicts(node, wrong, 5) == [
        Verdict(event, current=False, previous=False, standard=False) for event in expected
    ]


@pytest.mark.usefixtures("pool")
async def test_node_accepts_the_old_secret_until_the_grace_ends_and_the_new_one_from_the_rotation_on(
    context: Context, org: str, node: str
) -> None:
    context.clock = clock = Shifted()
    endpoint, old = await subscribe(context, org, f"{node}/hooks")
    await happen(context, org)
    await delivered(context, 1)
    new = (await secret_rotation.rotate(context, org, endpoint, grace_ms=60_000)).secret
    await happen(context, org)
    await delivered(context, 2)
    clock.ahead = 61_000
    await happen(context, org)
    await delivered(context, 3)
    before, during, after = await _verdicts(node, old, 3)
    assert (before.standard, before.current, before.previous) == (True, True, False)
    assert (during.standard, during.current, during.previous) == (True, False, True)
    assert (after.standard, after.current, after.previous) == (False, False, False)
    before, during, after = await _verdicts(node, new, 3)
    assert (before.standard, before.current, before.previous) == (False, False, False)
    assert (during.standard, during.current, during.previous) == (True, True, False)
    assert (after.standard, after.current, after.previous) == (True, True, False)
