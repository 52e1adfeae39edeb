"""Why a domain changed, as it is stored and read back."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.jobs import NO_PAYLOAD
from dcvd.core.lifecycle.transitions import Observation
from dcvd.errors import InvalidInput, NotFound, Retryable
from dcvd.services import timeline
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.jobs import queue
from dcvd.services.lifecycle import checks, register_job
from dcvd.services.lifecycle.remedy_jobs import REVALIDATE
from dcvd.services.timeline import TimelineEntry
from dcvd.store import timeline as stored
from dcvd.store.engine.paging import encode_cursor
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization
from tests.examples import examples
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs

NAME = "app.customer.test"


@pytest.fixture
async def domain(context: Context, organization: Organization) -> Domain:
    return await additions.add(context, organization.id, NAME, actor="token:token_1")


async def read(
    context: Context, domain: Domain, *, newest_first: bool = False, limit: int = 250
) -> list[TimelineEntry]:
    """The whole timeline, page by page."""
    found: list[TimelineEntry] = []
    cursor: str | None = None
    while True:
        page = await timeline.list_page(
            context, domain.org_id, domain.id, newest_first=newest_first, cursor=cursor, limit=limit
        )
        assert len(page.items) <= limit
        found += page.items
        assert len({entry.sort_key for entry in found}) == len(found)
        cursor = page.next_cursor
        if cursor is None:
            return found


def told(entry: TimelineEntry) -> str:
    """`request added by token:token_1`."""
    if entry.job is not None:
        return f"job {entry.job.kind}"
    if entry.event is not None:
        return f"event {entry.event.type}"
    assert entry.stored_entry is not None
    note = entry.stored_entry.note
    what = note.what or "+".join(change.field for change in note.changes)
    return f"{entry.stored_entry.kind.name.lower()} {what} by {entry.stored_entry.actor}"


def dns(target: str | None) -> DnsObservation:
    chain = () if target is None else (target,)
    facts = DnsFacts(
        hostname=NAME, target="edge.sandbox.test", outcome="answered", exists=target is not None, chain=chain
    )
    return DnsObservation(facts)


def hostname(status: str = "pending", ssl: str = "pending_validation", **changes: Any) -> CloudflareHostname:
    return replace(CloudflareHostname(id="cf-1", hostname=NAME, status=status, ssl_status=ssl), **changes)


RIGHT, MISSING = dns("edge.sandbox.test"), dns(None)


async def look(context: Context, domain: Domain, *observations: Observation) -> None:
    await checks.record(context, domain.id, observations)


async def test_causes_stand_before_their_effects_although_all_is_of_one_instant(
    context: Context, domain: Domain
) -> None:
    await look(context, domain, RIGHT)
    assert [told(entry) for entry in await read(context, domain)] == [
        "request added by token:token_1",
        "observation dnsStatus by sync",
        "transition status+proof by sync",
        "job register",
        "event domain.added",
        "event dns.verified",
    ]


async def test_what_a_job_saw_is_told_as_the_jobs(context: Context, domain: Domain) -> None:
    (job,) = await all_jobs(context, domain.org_id)
    await register_job.record_registered(context, job, hostname())
    assert f"observation cfStatus+cfSslStatus by job:{job.id}" in [told(entry) for entry in await read(context, domain)]


async def test_in_time_everything_stands_where_it_happened(
    context: Context, domain: Domain, clock: ManualClock
) -> None:
    clock.advance(MINUTE)
    await look(context, domain, MISSING)
    clock.advance(MINUTE)
    await look(context, domain, RIGHT)
    entries = await read(context, domain)
    assert [told(entry) for entry in entries] == [
        "request added by token:token_1", "job register", "event domain.added",
        "observation dnsStatus+findings by sync", "event dns.check_failed",
        "observation dnsStatus+findings by sync", "transition status+proof by sync", "event dns.verified",
    ]  # fmt: skip
    assert [told(entry) for entry in await read(context, domain, newest_first=True)] == [
        told(entry) for entry in reversed(entries)
    ]


async def test_a_look_that_changes_nothing_writes_nothing(context: Context, domain: Domain, clock: ManualClock) -> None:
    await look(context, domain, MISSING)
    before = await read(context, domain)
    for _ in range(5):
        clock.advance(MINUTE)
        await look(context, domain, MISSING)
    assert await read(context, domain) == before


async def test_a_job_is_told_as_it_stands_with_its_last_error(context: Context, domain: Domain) -> None:
    (job,) = await all_jobs(context, domain.org_id)
    await queue.fail(context, job, Retryable("Cloudflare is away.", code="cloudflare_unavailable"))
    (entry,) = [entry for entry in await read(context, domain) if entry.job is not None]
    assert entry.job is not None
    assert (entry.job.attempts, entry.job.last_error) == (1, "Cloudflare is away.")
    await queue.retry(context, domain.org_id, job.id, actor="token:token_2")
    assert "request job_retried by token:token_2" in [told(entry) for entry in await read(context, domain)]


async def test_a_removed_domain_still_says_what_happened_to_it(context: Context, domain: Domain) -> None:
    await removals.remove(context, domain.org_id, domain.id, actor="operator")
    entries = [told(entry) for entry in await read(context, domain)]
    assert "request removed by operator" in entries
    assert entries[-2:] == ["event domain.added", "event domain.removed"]


async def test_another_organizations_is_as_good_as_none_also_when_it_is_removed(
    context: Context, domain: Domain, rival: Organization
) -> None:
    async def ask(domain_id: str) -> None:
        await timeline.list_page(context, rival.id, domain_id, newest_first=False, cursor=None, limit=10)

    with pytest.raises(NotFound):
        await ask("dom_missing")
    with pytest.raises(NotFound):
        await ask(domain.id)
    await removals.remove(context, domain.org_id, domain.id)
    with pytest.raises(NotFound):
        await ask(domain.id)


async def test_what_changes_at_each_look_fills_no_disk_and_what_came_last_is_still_told(
    context: Context, domain: Domain, clock: ManualClock
) -> None:
    for number in range(100):
        clock.advance(1000)
        await look(context, domain, hostname(validation_errors=(f"CNAME to host{number}.elsewhere.test",)))
    observations = [entry for entry in await read(context, domain) if told(entry).startswith("observation")]
    assert len(observations) == timeline.MAX_ENTRIES_PER_HOUR
    last = observations[-1].stored_entry
    assert last is not None
    assert last.note.merged == 100 - timeline.MAX_ENTRIES_PER_HOUR
    assert last.note.until == clock.now()
    assert [change.after for change in last.note.changes] == [["CNAME to host99.elsewhere.test"]]
    clock.advance(HOUR)
    await look(context, domain, hostname())
    assert len([entry for entry in await read(context, domain) if told(entry).startswith("observation")]) == 13


async def test_a_day_has_a_limit_of_its_own(context: Context, domain: Domain, clock: ManualClock) -> None:
    for number in range(150):
        clock.advance(6 * MINUTE)
        await look(context, domain, hostname(validation_errors=(f"error {number % 2}",)))
    observations = [entry for entry in await read(context, domain) if told(entry).startswith("observation")]
    assert len(observations) == timeline.MAX_ENTRIES_PER_DAY


async def test_requests_past_the_limit_are_not_written_but_a_removal_is(context: Context, domain: Domain) -> None:
    for _ in range(40):
        await timeline.store_request(context, domain, actor="token:token_1", what="sync")
    await removals.remove(context, domain.org_id, domain.id)
    requests = [told(entry) for entry in await read(context, domain) if told(entry).startswith("request")]
    assert len(requests) == timeline.MAX_ENTRIES_PER_HOUR + 1
    assert "request removed by daemon" in requests


async def test_one_domains_limit_is_not_anothers(context: Context, domain: Domain) -> None:
    other = await additions.add(context, domain.org_id, "other.customer.test")
    for _ in range(40):
        await timeline.store_request(context, domain, actor="operator", what="sync")
    await timeline.store_request(context, other, actor="operator", what="sync")
    assert "request sync by operator" in [told(entry) for entry in await read(context, other)]


@pytest.mark.timeout(300)
@examples(0.25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(0, 4), min_size=1, max_size=25), limit=st.integers(1, 7), newest=st.booleans())
async def test_pages_skip_nothing_and_repeat_nothing_while_more_happens(
    context: Context, clock: ManualClock, domain: Domain, steps: list[int], limit: int, newest: bool
) -> None:
    # A domain of its own for each example: what happens while one is read would otherwise double with each.
    domain = await additions.add(context, domain.org_id, f"{os.urandom(8).hex()}.customer.test")

    def happen(step: int) -> None:
        clock.advance(step % 2)

    for step in steps:
        happen(step)
        await context.database.write(
            lambda tx, step=step: (  # type: ignore[misc]
                timeline.record_requests(context, tx, [domain], actor="x", what="added")
                if step < 3
                else queue.enqueue_for(context, tx, REVALIDATE, domain, NO_PAYLOAD)
            )
        )
    before = await read(context, domain)
    assert [entry.sort_key for entry in before] == sorted(entry.sort_key for entry in before)
    seen: list[TimelineEntry] = []
    cursor: str | None = None
    while True:
        page = await timeline.list_page(
            context, domain.org_id, domain.id, newest_first=newest, cursor=cursor, limit=limit
        )
        seen += page.items
        assert len({entry.sort_key for entry in seen}) == len(seen)
        cursor = page.next_cursor
        if cursor is None:
            break
        if len(seen) < len(before):
            clock.advance(1)
            await context.database.write(
                lambda tx: timeline.record_requests(context, tx, [domain], actor="y", what="added")
            )
    keys = [entry.sort_key for entry in seen]
    assert keys == sorted(keys, reverse=newest)
    assert {entry.sort_key for entry in before} <= set(keys)


@pytest.mark.parametrize(
    "text", ["", "x", "1", "1.2", "1.2.", "1.4.x", "1.4.-1", "-1.0.x", f"{'9' * 30}.0.x", "1.4.²", "٣.0.x", "1.0"]
)
async def test_a_cursor_that_is_none_of_ours_is_refused(context: Context, domain: Domain, text: str) -> None:
    with pytest.raises(InvalidInput):
        await timeline.list_page(
            context, domain.org_id, domain.id, newest_first=False, cursor=encode_cursor(text), limit=10
        )


async def test_what_is_told_is_the_same_when_a_unit_is_undone(context: Context, domain: Domain) -> None:
    before = await read(context, domain)
    with pytest.raises(RuntimeError):
        await context.database.write(lambda tx: _fail_after(context, tx, domain))
    assert await read(context, domain) == before


def _fail_after(context: Context, tx: Transaction, domain: Domain) -> None:
    timeline.record_request(context, tx, domain.org_id, domain.id, actor="operator", what="sync")
    raise RuntimeError


async def test_old_entries_are_deleted_and_young_ones_kept(
    context: Context, domain: Domain, clock: ManualClock
) -> None:
    clock.advance(DAY)
    await timeline.store_request(context, domain, actor="operator", what="sync")
    assert await context.database.write(lambda tx: stored.delete_old(tx, clock.now(), 100)) == 1
    assert [told(entry) for entry in await read(context, domain) if entry.stored_entry] == ["request sync by operator"]
