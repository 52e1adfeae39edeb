"""A notification of Cloudflare's makes a hostname due, and nothing else."""

import asyncio

import pytest
from msgspec.structs import replace

from dcvd.core.custom_hostnames.notifications import CloudflareNotification
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import HOUR, SECOND
from dcvd.errors import StoreError
from dcvd.metrics import Metrics
from dcvd.services import timeline
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.lifecycle import checks, register_job
from dcvd.services.lifecycle.checks import RECHECK_DELAY_MS
from dcvd.services.lifecycle.cloudflare_notifications import (
    CloudflareNotificationHandler,
    NotificationOutcome,
)
from dcvd.store.engine.transactions import Topic
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs
from tests.unreliable_database import Fate, strike

NAME = "app.customer.test"


@pytest.fixture
def hints(context: Context) -> CloudflareNotificationHandler:
    return CloudflareNotificationHandler(context, Metrics())


@pytest.fixture
async def domain(context: Context, organization: Organization, clock: ManualClock) -> Domain:
    """Looked at an hour ago, its next look far ahead."""
    added = await additions.add(context, organization.id, NAME)
    await checks.record(
        context, added.id, [CloudflareHostname(id="cf-1", hostname=NAME, status="active", ssl_status="active")]
    )
    clock.advance(HOUR)
    return await planned(context, added, clock.now() + HOUR)


async def planned(context: Context, domain: Domain, at: int) -> Domain:
    await checks.postpone(context, domain, at)
    return await queries.get(context, domain.org_id, domain.id)


def about(number: int | None = None, **changes: str | None) -> CloudflareNotification:
    event_id = None if number is None else f"event-{number}"
    return replace(CloudflareNotification(event_id=event_id, hostname_id="cf-1", hostname=NAME), **changes)


async def due_at(context: Context, domain: Domain) -> int:
    return (await queries.get(context, domain.org_id, domain.id)).next_check_at


@pytest.mark.parametrize(
    "notification",
    [about(), about(hostname=None), about(hostname_id=None), about(hostname_id="cf-other")],
    ids=["both", "by its id", "by its name", "by its name when the id is unknown"],
)
async def test_the_named_hostname_is_due_now_and_nothing_else_of_it_changes(
    context: Context,
    hints: CloudflareNotificationHandler,
    domain: Domain,
    clock: ManualClock,
    notification: CloudflareNotification,
) -> None:
    assert await hints.handle(notification) is NotificationOutcome.DUE
    after = await queries.get(context, domain.org_id, domain.id)
    assert after == replace(domain, next_check_at=clock.now())


async def test_the_loop_is_woken_and_the_timeline_says_why(
    context: Context, hints: CloudflareNotificationHandler, domain: Domain
) -> None:
    woken = context.database.listen(Topic.DOMAINS)
    woken.clear()
    await hints.handle(about(type="ssl.custom_hostname_certificate.renewal.failed"))
    async with asyncio.timeout(10):
        await woken.wait()
    page = await timeline.list_page(context, domain.org_id, domain.id, newest_first=True, cursor=None, limit=1)
    entry = page.items[0].stored_entry
    assert entry is not None
    assert (entry.actor, entry.note.what) == ("cloudflare", "hint")
    assert entry.note.detail == "ssl.custom_hostname_certificate.renewal.failed"


async def test_a_repeated_event_changes_nothing(
    context: Context, hints: CloudflareNotificationHandler, domain: Domain, clock: ManualClock
) -> None:
    assert await hints.handle(about(1)) is NotificationOutcome.DUE
    await planned(context, domain, clock.now() + HOUR)
    clock.advance(HOUR // 2)
    assert await hints.handle(about(1)) is NotificationOutcome.REPEATED
    assert await due_at(context, domain) == clock.now() + HOUR // 2


async def test_an_event_that_could_not_be_stored_is_taken_when_it_comes_again(
    context: Context, hints: CloudflareNotificationHandler, domain: Domain
) -> None:
    strike(context.database, "CloudflareNotificationHandler.", 1, Fate.LOST)
    with pytest.raises(StoreError):
        await hints.handle(about(1))
    assert await hints.handle(about(1)) is NotificationOutcome.DUE


async def test_a_flood_of_hints_brings_a_look_only_every_ten_seconds(
    context: Context, hints: CloudflareNotificationHandler, domain: Domain, clock: ManualClock
) -> None:
    looked: list[int] = []
    began = clock.now()
    for number in range(600):
        await hints.handle(about(number))
        if await due_at(context, domain) <= clock.now():
            looked.append(clock.now() - began)
            # Nothing could be seen: not even then is it looked at more often.
            await planned(context, domain, clock.now() + HOUR)
        clock.advance(SECOND // 10)
    assert looked == [0, 10_000, 20_000, 30_000, 40_000, 50_000]
    assert RECHECK_DELAY_MS == 10 * SECOND


async def test_a_look_just_made_is_followed_by_another_because_the_hint_may_be_newer(
    context: Context, hints: CloudflareNotificationHandler, domain: Domain, clock: ManualClock
) -> None:
    seen = CloudflareHostname(id="cf-1", hostname=NAME, status="active", ssl_status="active")
    await checks.record(context, domain.id, [seen])
    clock.advance(SECOND)
    assert await hints.handle(about()) is NotificationOutcome.DUE
    assert await due_at(context, domain) == clock.now() + RECHECK_DELAY_MS - SECOND


async def test_a_clock_that_was_put_back_puts_no_hint_off(
    context: Context, hints: CloudflareNotificationHandler, domain: Domain, clock: ManualClock
) -> None:
    clock.advance(-12 * HOUR)
    assert await hints.handle(about()) is NotificationOutcome.DUE
    assert await due_at(context, domain) == clock.now()


async def test_a_hostname_that_is_due_anyway_keeps_its_place(
    context: Context, hints: CloudflareNotificationHandler, domain: Domain, clock: ManualClock
) -> None:
    await planned(context, domain, clock.now() - SECOND)
    assert await hints.handle(about()) is NotificationOutcome.PLANNED
    # In its place; the millisecond tells a look that is under way.
    assert await due_at(context, domain) == clock.now() - SECOND + 1


@pytest.mark.parametrize(
    ("notification", "outcome"),
    [
        (about(hostname_id="cf-9", hostname="other.customer.test"), NotificationOutcome.UNKNOWN_HOSTNAME),
        (about(zone_id="f" * 32), NotificationOutcome.OTHER_ZONE),
        (about(hostname_id=None, hostname=None), NotificationOutcome.WITHOUT_HOSTNAME),
    ],
)
async def test_what_is_not_ours_changes_nothing(
    context: Context,
    hints: CloudflareNotificationHandler,
    domain: Domain,
    notification: CloudflareNotification,
    outcome: NotificationOutcome,
) -> None:
    assert await hints.handle(notification) is outcome
    assert await queries.get(context, domain.org_id, domain.id) == domain


async def test_our_zone_is_known_in_any_case(
    context: Context, hints: CloudflareNotificationHandler, domain: Domain
) -> None:
    assert await hints.handle(about(zone_id=context.config.cloudflare.zone_id.upper())) is NotificationOutcome.DUE


async def test_what_is_remembered_is_bounded(context: Context, domain: Domain) -> None:
    hints = CloudflareNotificationHandler(context, Metrics(), max_remembered=3)
    for number in range(5):
        await hints.handle(about(number, hostname_id=None, hostname=None))
    assert await hints.handle(about(4)) is NotificationOutcome.REPEATED
    assert await hints.handle(about(1)) is NotificationOutcome.DUE


async def test_whoever_has_not_proved_a_contested_name_is_not_told_what_cloudflare_says_of_it(
    context: Context, hints: CloudflareNotificationHandler, org: str, rival_org: str, clock: ManualClock
) -> None:
    registered, parked = [await additions.add(context, each, NAME) for each in (org, rival_org)]
    pending = CloudflareHostname(id="cf-1", hostname=NAME, status="pending", ssl_status="pending_validation")
    await checks.record(context, registered.id, [pending])
    (job,) = [job for job in await all_jobs(context, rival_org) if job.kind == "register"]
    await register_job.park(context, job)
    clock.advance(HOUR)
    for domain in (registered, parked):
        await planned(context, domain, clock.now() + HOUR)
    issued = about(type="ssl.custom_hostname_certificate.issuance.succeeded")
    assert await hints.handle(issued) is NotificationOutcome.DUE
    assert (
        await hints.handle(replace(issued, hostname_id="cf-other", event_id="event-2")) is NotificationOutcome.PLANNED
    )
    notes = []
    for domain in (registered, parked):
        page = await timeline.list_page(context, domain.org_id, domain.id, newest_first=False, cursor=None, limit=99)
        notes += [entry.stored_entry.note for entry in page.items if entry.stored_entry is not None]
    assert [(note.what, note.detail) for note in notes if note.what == "hint"] == [("hint", None)]
    assert await due_at(context, parked) == clock.now() + HOUR
