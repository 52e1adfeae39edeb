"""Pages of Cloudflare's list instead of a call for each domain, with a real store."""

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import DnsState, Domain, DomainStatus
from dcvd.core.events import EventType
from dcvd.errors import Retryable, Unauthorized
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.sync.sweep import SweepTiming
from tests.manual_clock import ManualClock
from tests.services.views import event_names
from tests.sync.fleet import DAY, Noting, Pages, fleet, hostname, looking, names
from tests.waiting import until


@pytest.fixture(autouse=True)
def _ticks_are_short(context: Context) -> None:
    config = context.config
    context.live_config.value = replace(config, sync=replace(config.sync, tick=20))


async def _until_looked_at(looker: Noting, wanted: set[str]) -> None:
    async def all_of_them() -> bool:
        return set(looker.looked) >= wanted

    await until(all_of_them)


async def test_many_due_domains_cost_a_call_for_each_page_and_are_looked_at_once(context: Context, org: str) -> None:
    due = await fleet(context, org, 400)
    later = await fleet(context, org, 100, first=400, due=-DAY // 2)
    pages = Pages.of([hostname(domain) for domain in (*due, *later)])
    looker = Noting(context)
    async with looking(context, looker, pages):
        await _until_looked_at(looker, names(due))
    assert sorted(looker.listed) == sorted(names(due))
    assert looker.singly == []
    assert len(pages.asked) * 45 <= 500


async def test_what_will_be_due_soon_is_looked_at_with_its_page(context: Context, org: str) -> None:
    due = await fleet(context, org, 200)
    soon = await fleet(context, org, 10, first=200, due=-DAY // 10)
    looker = Noting(context)
    async with looking(context, looker, Pages.of([hostname(domain) for domain in (*due, *soon)])):
        await _until_looked_at(looker, names([*due, *soon]))
    assert looker.singly == []


async def test_pages_that_shift_look_at_nothing_twice_and_leave_nothing_out(context: Context, org: str) -> None:
    due = await fleet(context, org, 300)
    shown = [hostname(domain) for domain in due]
    # Fifty are met again on the next page, and as many on none.
    pages = Pages(shown[:50], shown[:100], shown[100:150], shown[150:200], shown[200:250])
    looker = Noting(context)
    async with looking(context, looker, pages):
        await _until_looked_at(looker, names(due))
    assert len(looker.looked) == len(due)
    assert set(looker.singly) == names(due[250:])


async def test_few_due_domains_are_asked_for_singly_and_no_page_is(context: Context, org: str) -> None:
    due = await fleet(context, org, 60)
    looker, pages = Noting(context), Pages.of([hostname(domain) for domain in due])
    async with looking(context, looker, pages):
        await _until_looked_at(looker, names(due))
    assert pages.asked == []


async def test_many_due_domains_without_a_hostname_at_cloudflare_have_no_page_asked_for(
    context: Context, org: str
) -> None:
    dormant = await fleet(context, org, 101, cf_id=None, status=DomainStatus.PENDING_CNAME, dormant_since=1)
    due = await fleet(context, org, 10, first=101)
    looker, pages = Noting(context), Pages.of([hostname(domain) for domain in due])
    async with looking(context, looker, pages):
        await _until_looked_at(looker, names([*dormant, *due]))
    assert pages.asked == []


async def test_a_list_too_long_for_what_is_due_is_not_walked(context: Context, org: str) -> None:
    due = await fleet(context, org, 150)
    looker, pages = Noting(context), Pages(*([[]] * 100))
    async with looking(context, looker, pages):
        await _until_looked_at(looker, names(due))
    assert pages.asked == [1]
    assert looker.listed == []


async def test_news_of_a_domain_that_is_not_due_is_applied_at_once_and_no_news_is_not_written(
    context: Context, org: str
) -> None:
    due = await fleet(context, org, 150)
    changed, same = await fleet(context, org, 2, first=150, due=-DAY // 2)
    shown = [*(hostname(domain) for domain in due), hostname(changed, "moved"), hostname(same)]
    looker = Noting(context)
    async with looking(context, looker, Pages.of(shown)):
        await _until_looked_at(looker, names([*due, changed]))

        async def told() -> bool:
            return await event_names(context, org) == [EventType.DOMAIN_ERROR]

        await until(told)
    assert await _stored(context, same) == same
    assert (await _stored(context, changed)).status is DomainStatus.ERROR


async def test_news_of_a_failing_domain_does_not_wait_for_its_dns(context: Context, org: str) -> None:
    due = await fleet(context, org, 150)
    (failing,) = await fleet(context, org, 1, first=150, due=-DAY // 2, incomplete_checks=9)
    shown = [*(hostname(domain) for domain in due), hostname(failing, "moved")]
    looker = Noting(context)
    async with looking(context, looker, Pages.of(shown)):

        async def told() -> bool:
            return (await _stored(context, failing)).status is DomainStatus.ERROR

        await until(told)
    assert failing.name not in looker.looked
    assert (await _stored(context, failing)).incomplete_checks == 9


async def test_a_page_is_believed_only_about_hostnames_that_are_ours(context: Context, org: str) -> None:
    due = await fleet(context, org, 150)
    (victim,) = await fleet(context, org, 1, first=150, due=-DAY // 2)
    forged = replace(hostname(victim, "moved"), hostname="another.customer.test")
    foreign = replace(forged, id="cf-foreign")
    looker = Noting(context)
    async with looking(context, looker, Pages.of([forged, foreign, *(hostname(domain) for domain in due)])):
        await _until_looked_at(looker, names(due))
    assert await _stored(context, victim) == victim


async def test_a_page_older_than_what_is_stored_says_nothing(context: Context, org: str) -> None:
    due = await fleet(context, org, 150)
    (fresh,) = await fleet(context, org, 1, first=150, due=-DAY // 2, cf_checked_at=context.now())
    looker = Noting(context)
    async with looking(context, looker, Pages.of([hostname(fresh, "moved"), *(hostname(domain) for domain in due)])):
        await _until_looked_at(looker, names(due))
    assert await _stored(context, fresh) == fresh


async def test_customers_who_wait_are_not_held_up_by_a_walk(context: Context, org: str) -> None:
    due = await fleet(context, org, 200)
    waiting = await fleet(context, org, 20, first=200, status=DomainStatus.PENDING_CNAME, dns_state=DnsState.FAILED)
    pages = Pages.of([hostname(domain) for domain in due])
    pages.hold.clear()
    looker = Noting(context)
    async with looking(context, looker, pages):
        await _until_looked_at(looker, names(waiting))
        assert len(looker.listed) <= 50
        pages.hold.set()
        await _until_looked_at(looker, names(due))


async def test_what_is_routine_waits_for_its_page(context: Context, org: str) -> None:
    due = await fleet(context, org, 110)
    pages = Pages.of([hostname(domain) for domain in due], size=100)
    pages.hold.clear()
    looker = Noting(context)
    async with looking(context, looker, pages):
        await _until_looked_at(looker, names(due[:100]))
        # Many ticks later, and among others that come, those of the second page are as they were.
        asked = await fleet(context, org, 1, first=200, status=DomainStatus.PENDING_CNAME)
        await _until_looked_at(looker, names(asked))
        assert set(looker.singly) == names(asked)
        pages.hold.set()
        await _until_looked_at(looker, names(due))
    assert set(looker.singly) == names(asked)


async def test_domains_that_no_page_has_are_not_searched_for_again_and_again(context: Context, org: str) -> None:
    due = await fleet(context, org, 300)
    looker, pages = Noting(context), Pages([])
    looker.seconds = 0.01
    async with looking(context, looker, pages, SweepTiming(interval_s=0.02)):
        await _until_looked_at(looker, names(due))
    assert pages.asked == [1]
    assert set(looker.singly) == names(due)


@pytest.mark.parametrize("error", [Retryable("It is away."), Unauthorized("The token has expired.")])
async def test_a_walk_that_breaks_off_leaves_the_rest_to_single_calls(
    context: Context, org: str, error: Retryable | Unauthorized
) -> None:
    due = await fleet(context, org, 300)
    pages = Pages.of([hostname(domain) for domain in due])
    pages.broken[3] = error
    looker = Noting(context)
    async with looking(context, looker, pages, SweepTiming(retry_delays_s=(0.0, 0.0))):
        await _until_looked_at(looker, names(due))
    assert len(looker.looked) == len(due)
    assert names(due[:100]) <= set(looker.listed)
    assert names(due[100:]) == set(looker.singly)
    assert pages.asked.count(3) == (3 if isinstance(error, Retryable) else 1)


async def test_a_page_that_fails_for_a_moment_does_not_end_the_walk(context: Context, org: str) -> None:
    due = await fleet(context, org, 200)
    pages = Pages.of([hostname(domain) for domain in due])
    pages.broken[2] = Retryable("It hiccuped.")
    looker = Noting(context)
    async with looking(context, looker, pages, SweepTiming(retry_delays_s=(0.05, 0.05))):

        async def asked() -> bool:
            return 2 in pages.asked

        await until(asked)
        pages.broken.clear()
        await _until_looked_at(looker, names(due))
    assert looker.singly == []


async def _stored(context: Context, domain: Domain) -> Domain:
    found = await context.database.read(lambda snapshot: domains.get(snapshot, domain.id))
    assert found is not None
    return found


async def test_a_clock_that_was_put_back_ends_no_walks(context: Context, org: str, clock: ManualClock) -> None:
    clock.advance(365 * DAY)
    ahead = await fleet(context, org, 200)
    looker, pages = Noting(context), Pages.of([hostname(domain) for domain in ahead])
    async with looking(context, looker, pages, SweepTiming(interval_s=0.0)):
        await _until_looked_at(looker, names(ahead))
        clock.advance(-365 * DAY)
        due = await fleet(context, org, 200, first=200)
        pages.show([hostname(domain) for domain in due])
        await _until_looked_at(looker, names(due))
    assert set(looker.listed) >= names(due)
