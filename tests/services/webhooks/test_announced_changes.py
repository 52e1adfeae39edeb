"""Open pages are told of each change of deliveries and endpoints: those of its endpoint, and those of all."""

from collections.abc import Awaitable, Callable

import pytest

from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.services.context import Context
from dcvd.services.watching import Watchers
from dcvd.services.webhooks import cancellations, endpoints, replays
from dcvd.services.webhooks.deliveries import drop_expired, record_attempts
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store.engine.transactions import Topic
from dcvd.store.organizations.organizations import Organization
from tests.services.webhooks.attempts import bury, delivered, due, failed, happen, owed, subscribed

Act = Callable[[Context, Endpoint], Awaitable[object]]


async def _deliver(context: Context, endpoint: Endpoint) -> None:
    await record_attempts(context, [delivered(endpoint, one) for one in await due(context, endpoint)])


async def _fail(context: Context, endpoint: Endpoint) -> None:
    await record_attempts(context, [failed(endpoint, one) for one in await due(context, endpoint)])


async def _retry(context: Context, endpoint: Endpoint) -> None:
    await replays.retry(context, endpoint.org_id, (await owed(context, endpoint))[0].id)


async def _retry_dead(context: Context, endpoint: Endpoint) -> None:
    await bury(context, endpoint)
    await _retry(context, endpoint)


async def _cancel(context: Context, endpoint: Endpoint) -> None:
    await cancellations.cancel(context, endpoint.org_id, (await owed(context, endpoint))[0].id)


async def _drop(context: Context, endpoint: Endpoint) -> None:
    await drop_expired(context, await due(context, endpoint))


async def _happen(context: Context, endpoint: Endpoint) -> None:
    await happen(context, endpoint.org_id, domain="dom_b")


async def _change(context: Context, endpoint: Endpoint) -> None:
    await endpoints.change(context, endpoint.org_id, endpoint.id, EndpointChange(name="Billing"))


async def _disable(context: Context, endpoint: Endpoint) -> None:
    await endpoints.change(context, endpoint.org_id, endpoint.id, EndpointChange(enabled=False))


async def _remove(context: Context, endpoint: Endpoint) -> None:
    await endpoints.remove(context, endpoint.org_id, endpoint.id)


@pytest.mark.parametrize(
    "act", [_happen, _deliver, _fail, _retry, _retry_dead, _cancel, _drop, _change, _disable, _remove]
)
async def test_those_who_look_are_woken(act: Act, context: Context, organization: Organization) -> None:
    watchers = Watchers(context)
    endpoint = await subscribed(context, organization.id)
    another = await subscribed(context, organization.id, port=2) if act in (_change, _disable, _remove) else None
    await happen(context, organization.id)
    with (
        watchers.watch(Topic.DELIVERY_LISTS, endpoint.id) as of_endpoint,
        watchers.watch(Topic.DELIVERY_LISTS, organization.id) as of_all,
        watchers.watch(Topic.DELIVERY_LISTS, another.id if another else "wh_none") as of_another,
        watchers.watch(Topic.DELIVERY_LISTS, "org_other") as of_others,
    ):
        await act(context, endpoint)
        assert of_endpoint.is_set()
        assert of_all.is_set()
        assert not of_another.is_set()
        assert not of_others.is_set()
