"""Events that are kept a second time for the operator: by rules of their own, and never at a tenant's expense."""

import asyncio
import json

import pytest
from msgspec.structs import replace

from dcvd.core.events import Event, EventDraft, EventType
from dcvd.core.instants import DAY
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.errors import Gone, QuotaReached
from dcvd.janitor import Janitor, OrganizationRemover
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.events import operator_events, recording
from dcvd.services.events.feed import EventFeed
from dcvd.services.tokens import suspension
from dcvd.services.tokens.usage import TokenUsage
from dcvd.services.webhooks import endpoints
from dcvd.store import events
from dcvd.store.organizations import organizations
from tests.janitor.test_organization_remover import finish_outside
from tests.manual_clock import ManualClock
from tests.providing import access_of
from tests.services.webhooks.attempts import happen
from tests.unreliable_database import Fate, strike


async def kept(context: Context) -> list[Event]:
    return await context.database.read(
        lambda snapshot: events.list_of_org(snapshot, OPERATOR_ORG_ID, after=0, limit=1000)
    )


async def test_the_copies_are_stored_with_what_they_copy_or_not_at_all(context: Context, org: str) -> None:
    await operator_events.begin(context)
    strike(context.database, "happen.<locals>", 1, Fate.LOST)
    with pytest.raises(Exception, match="disk I/O error"):
        await happen(context, org)
    assert await kept(context) == []
    (event,) = await happen(context, org)
    (copy,) = await kept(context)
    assert (copy.sequence, copy.type, copy.domain_id, copy.created_at) == (
        1, event.type, event.domain_id, event.created_at,
    )  # fmt: skip
    theirs, ours = json.loads(event.body), json.loads(copy.body)
    assert ours == theirs | {"id": copy.id, "sequence": 1, "org_id": org}


async def test_changes_of_many_organizations_at_once_leave_no_gap(context: Context, org: str, rival_org: str) -> None:
    await operator_events.begin(context)
    await asyncio.gather(
        *(happen(context, (org, rival_org)[number % 2], *[EventType.DOMAIN_ACTIVE] * 3) for number in range(20))
    )
    copies = await kept(context)
    assert [copy.sequence for copy in copies] == list(range(1, 61))
    for tenant in (org, rival_org):
        own = await context.database.read(
            lambda snapshot, tenant=tenant: events.list_of_org(snapshot, tenant, after=0, limit=1000)  # type: ignore[misc]
        )
        assert [event.sequence for event in own] == list(range(1, 31))


async def test_no_quota_of_tenants_counts_for_the_operator(context: Context, org: str) -> None:
    await operator_events.begin(context)
    context.live_config.value = replace(context.config, limits=replace(context.config.limits, endpoints=1))
    for _ in range(3):
        await endpoints.create(context, OPERATOR_ORG_ID, url="https://hooks.example.com/", events=["*"])
    await endpoints.create(context, org, url="https://hooks.example.com/", events=["*"])
    with pytest.raises(QuotaReached):
        await endpoints.create(context, org, url="https://hooks.example.com/", events=["*"])


async def test_copies_go_with_their_retention_and_the_feed_says_so(
    context: Context, org: str, clock: ManualClock
) -> None:
    await operator_events.begin(context)
    await happen(context, org)
    await happen(context, org)
    clock.advance(91 * DAY)
    await Janitor(context, TokenUsage(), Metrics()).run_once()
    assert await kept(context) == []
    with pytest.raises(Gone):
        await EventFeed(context).read(OPERATOR_ORG_ID, after=1, types=None, limit=10)
    await happen(context, org)
    page = await EventFeed(context).read(OPERATOR_ORG_ID, after=2, types=None, limit=10)
    assert [event.sequence for event in page.events] == [3]


async def test_a_deletion_of_an_organization_leaves_what_the_operator_was_told(context: Context, org: str) -> None:
    await operator_events.begin(context)
    await additions.add(context, org, "app.customer.com")
    await suspension.begin_deletion(context, org)
    remover = OrganizationRemover(context, access_of(context))
    await remover.run_once()
    await finish_outside(context, org)
    assert await remover.run_once() == 0
    assert await context.database.read(lambda snapshot: organizations.find(snapshot, org)) is None
    told = [json.loads(copy.body) for copy in await kept(context)]
    assert {each["org_id"] for each in told} == {org}
    assert told[0]["event"] == "domain.added"


async def test_what_is_about_the_operators_own_endpoints_is_about_no_organization(context: Context) -> None:
    await operator_events.begin(context)
    data = {"endpoint_id": "wh_1", "endpoint_name": None, "url": "https://hooks.example.com/"}
    draft = EventDraft(EventType.ENDPOINT_RECOVERED, data)
    await context.database.write(lambda tx: recording.record(context, tx, OPERATOR_ORG_ID, [draft]))
    (copy,) = await kept(context)
    assert json.loads(copy.body)["org_id"] is None


async def test_the_operators_row_is_found_by_no_name_and_on_no_list(context: Context, org: str) -> None:
    await operator_events.begin(context)

    for name in (OPERATOR_ORG_ID, ""):
        assert await context.database.read(lambda snapshot, name=name: organizations.find(snapshot, name)) is None  # type: ignore[misc]
    assert [each.id for each in await context.database.read(organizations.list_all)] == [org]
