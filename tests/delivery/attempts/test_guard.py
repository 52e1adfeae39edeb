"""An endpoint's URL is a tenant's choice: where it leads is judged at every dial, and nothing is fetched beforehand."""

import asyncio
from functools import partial

import pytest

from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.errors import InvalidInput
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store.engine.transactions import Transaction
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.views import attempted, attempts, states
from tests.system_names import Resolver

_INSIDE = [
    "127.0.0.1", "10.1.2.3", "100.64.0.1", "169.254.169.254", "192.168.0.1", "172.31.255.255", "0.0.0.0", "198.18.0.1",
    "192.0.2.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fd00::1", "fe80::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "5f00::1", "3fff::1",
]  # fmt: skip


@pytest.fixture
def guarded(context: Context) -> None:
    """No private network is allowed."""
    configure(context, allow_private=())


def _set_url(tx: Transaction, *, endpoint_id: str, url: str) -> None:
    tx.execute("UPDATE webhook_endpoints SET url = ? WHERE id = ?", (url, endpoint_id))


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.mark.usefixtures("guarded")
async def test_a_literal_inside_is_refused_when_an_endpoint_is_made(context: Context, org: str) -> None:
    for address in _INSIDE:
        with pytest.raises(InvalidInput) as caught:
            await subscribe(context, org, f"http://{_host(address)}/")
        assert caught.value.code == "bad_url"


async def _all_are_refused(context: Context, org: str, outcome: AttemptOutcome) -> None:
    await happen(context, org)
    async with at_work(context):
        await attempted(context, len(_INSIDE))
    assert {attempt.outcome for attempt in await attempts(context)} == {outcome}
    assert await states(context) == [("pending", 1)] * len(_INSIDE)


@pytest.mark.usefixtures("guarded")
async def test_a_url_inside_that_came_into_the_database_all_the_same_is_not_dialled(context: Context, org: str) -> None:
    for address in _INSIDE:
        endpoint, _ = await subscribe(context, org, "http://hooks.example.com/")
        change = partial(_set_url, endpoint_id=endpoint, url=f"http://{_host(address)}/")
        await context.database.write(change)
    await _all_are_refused(context, org, AttemptOutcome.REFUSED_BY_POLICY)


@pytest.mark.usefixtures("guarded")
async def test_a_name_that_leads_inside_is_not_dialled(context: Context, org: str, resolver: Resolver) -> None:
    resolver.answers = {f"rebound{number}.example.com": [[address]] for number, address in enumerate(_INSIDE)}
    for name in resolver.answers:
        await subscribe(context, org, f"http://{name}/")
    await _all_are_refused(context, org, AttemptOutcome.DNS)


async def test_making_and_changing_an_endpoint_asks_nobody_and_dials_nothing(
    context: Context, org: str, resolver: Resolver
) -> None:
    connections = 0

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
        async with at_work(context):
            endpoint, _ = await subscribe(context, org, url)
            await endpoints.change(context, org, endpoint, EndpointChange(url=f"{url}/2"))
            await endpoints.change(context, org, endpoint, EndpointChange(url="http://hooks.example.com/"))
    assert (resolver.asked, connections) == ([], 0)
