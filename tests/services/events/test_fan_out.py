"""Which endpoints are owed an event, and what becomes of one that comes too late."""

from dcvd.core.events import EventDraft, EventType
from dcvd.core.instants import HOUR
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.webhooks import deliveries, endpoints
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.webhooks.attempts import deliver_all, delivered, due, happen, owed, states, subscribed
from tests.stored_events import MADE_UP


async def test_each_subscriber_is_owed_each_event_once_with_its_very_bytes(
    context: Context, organization: Organization, rival: Organization
) -> None:
    first = await subscribed(context, organization.id, EventType.DOMAIN_ACTIVE)
    second = await subscribed(context, organization.id)
    foreign = await subscribed(context, rival.id)
    added, active = await happen(context, organization.id, EventType.DOMAIN_ADDED, EventType.DOMAIN_ACTIVE)
    assert [(one.event_id, one.body) for one in await due(context, first)] == [(active.id, active.body)]
    assert [one.event_id for one in await owed(context, second)] == [added.id, active.id]
    assert await owed(context, foreign) == []


async def test_families_and_all_are_decided_when_the_event_is_stored(
    context: Context, organization: Organization
) -> None:
    url = "http://127.0.0.1:9/"
    subscriptions = (["*"], ["dns.*"], ["domain.*", "domain.active"], ["job.*", "endpoint.*"])
    created = [
        (await endpoints.create(context, organization.id, url=url, events=events))[0] for events in subscriptions
    ]
    added, verified, active = await happen(
        context, organization.id, EventType.DOMAIN_ADDED, EventType.DNS_VERIFIED, EventType.DOMAIN_ACTIVE
    )
    assert [[one.event_id for one in await owed(context, endpoint)] for endpoint in created] == [
        [added.id, verified.id, active.id],
        [verified.id],
        [added.id, active.id],
        [],
    ]
    await endpoints.change(context, organization.id, created[0].id, EndpointChange(events=["dns.*"]))
    assert [one.event_id for one in await owed(context, created[0])] == [added.id, verified.id, active.id]


async def test_of_the_events_of_one_change_the_later_wait_for_the_first(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id)
    made = await happen(
        context, organization.id, EventType.DNS_VERIFIED, EventType.DOMAIN_ACTIVE, EventType.DOMAIN_RENEWED
    )
    assert [one.event_id for one in await due(context, endpoint)] == [made[0].id]
    assert await deliver_all(context, endpoint) == [event.id for event in made]


async def test_other_domains_and_events_of_no_domain_do_not_wait(context: Context, organization: Organization) -> None:
    endpoint = await subscribed(context, organization.id)
    for domain in ("dom_a", "dom_a", "dom_b", None, None):
        await happen(context, organization.id, domain=domain)
    assert sorted(one.domain_id or "" for one in await due(context, endpoint)) == ["", "", "dom_a", "dom_b"]


async def test_what_happens_while_an_endpoint_is_disabled_is_held_for_it(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id)
    await endpoints.change(context, organization.id, endpoint.id, EndpointChange(enabled=False))
    made = [(await happen(context, organization.id))[0] for _ in range(3)]
    assert await states(context, endpoint) == ["pending"] * 3
    await endpoints.change(context, organization.id, endpoint.id, EndpointChange(enabled=True))
    assert await deliver_all(context, endpoint) == [event.id for event in made]


async def test_the_endpoint_that_an_event_is_about_is_not_told(context: Context, organization: Organization) -> None:
    about = await subscribed(context, organization.id, EventType.ENDPOINT_FAILING)
    other = await subscribed(context, organization.id, EventType.ENDPOINT_FAILING)
    draft = EventDraft(EventType.ENDPOINT_FAILING, {MADE_UP: True})
    await context.database.write(
        lambda tx: recording.record(context, tx, organization.id, [draft], except_endpoint_id=about.id)
    )
    assert (await states(context, about), await states(context, other)) == ([], ["pending"])


async def test_an_event_that_comes_too_late_is_dropped_and_the_next_one_goes(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    endpoint = await subscribed(context, organization.id)
    await happen(context, organization.id, EventType.DOMAIN_EXPIRING_SOON, expires_at=clock.now() + HOUR)
    (renewed,) = await happen(context, organization.id, EventType.DOMAIN_RENEWED)
    clock.advance(HOUR)
    (late,) = await due(context, endpoint)
    assert late.expires_at == clock.now()
    await deliveries.drop_expired(context, [late])
    dropped, _ = await owed(context, endpoint)
    assert (dropped.state.value, dropped.last_error) == ("dropped", deliveries.EXPIRED_MESSAGE)
    assert [one.event_id for one in await due(context, endpoint)] == [renewed.id]


async def test_what_arrived_before_it_was_found_too_late_stays_delivered(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id)
    await happen(context, organization.id, expires_at=1)
    (late,) = await due(context, endpoint)
    await deliveries.record_attempts(context, [delivered(endpoint, late)])
    await deliveries.drop_expired(context, [late])
    assert await states(context, endpoint) == ["delivered"]
