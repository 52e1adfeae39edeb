"""One event is sent to one endpoint again."""

import pytest

from dcvd.core.events import EventType
from dcvd.core.jobs import JobState
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.errors import Conflict, NotFound
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.event_replays import replay_event
from dcvd.store.organizations.organizations import Organization
from tests.services.webhooks.attempts import deliver_all, happen, subscribed
from tests.services.webhooks.replaying import worked_off


@pytest.fixture
async def endpoint(context: Context, organization: Organization) -> Endpoint:
    return await subscribed(context, organization.id, EventType.DOMAIN_ACTIVE)


async def test_that_event_alone_is_sent_again(context: Context, endpoint: Endpoint) -> None:
    first, wanted, last = [(await happen(context, endpoint.org_id, domain=f"dom_{number}"))[0] for number in range(3)]
    assert len(await deliver_all(context, endpoint)) == 3
    job = await worked_off(context, await replay_event(context, endpoint.org_id, wanted.id, endpoint.id))
    assert job.state is JobState.DONE
    assert await deliver_all(context, endpoint) == [wanted.id]
    assert first.id != last.id


async def test_an_endpoint_gets_what_it_is_not_subscribed_to(context: Context, endpoint: Endpoint) -> None:
    (event,) = await happen(context, endpoint.org_id, EventType.DOMAIN_RENEWED)
    assert await deliver_all(context, endpoint) == []
    await worked_off(context, await replay_event(context, endpoint.org_id, event.id, endpoint.id))
    assert await deliver_all(context, endpoint) == [event.id]


async def test_what_is_on_its_way_is_not_sent_twice(context: Context, endpoint: Endpoint) -> None:
    (event,) = await happen(context, endpoint.org_id)
    with pytest.raises(Conflict) as refused:
        await replay_event(context, endpoint.org_id, event.id, endpoint.id)
    assert refused.value.code == "delivery_pending"
    assert refused.value.existing_id is not None


async def test_what_was_never_meant_for_an_endpoint_is_not_sent_to_it(
    context: Context, organization: Organization
) -> None:
    (event,) = await happen(context, organization.id, EventType.WEBHOOK_TEST, domain=None)
    endpoint = await subscribed(context, organization.id)
    with pytest.raises(Conflict) as refused:
        await replay_event(context, organization.id, event.id, endpoint.id)
    assert refused.value.code == "event_not_meant"


async def test_nothing_of_another_organization_is_sent_or_told_of(context: Context, endpoint: Endpoint) -> None:
    other = await organizations.create(context, "others")
    (event,) = await happen(context, other.id)
    theirs, _ = await endpoints.create(context, other.id, url="https://hooks.customer.com/", events=["*"])
    (own,) = await happen(context, endpoint.org_id)
    for event_id, endpoint_id in ((event.id, endpoint.id), (own.id, theirs.id), ("evt_none", endpoint.id)):
        with pytest.raises(NotFound):
            await replay_event(context, endpoint.org_id, event_id, endpoint_id)
