"""Many domains added and removed by one call."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
import structlog
from msgspec.structs import replace

from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.bulk import (
    KEY_RETENTION_MS,
    AddLine,
    DomainReference,
    LineRefusal,
    RemoveLine,
    fingerprint_line,
)
from dcvd.core.http.idempotency import KEY_LIFETIME_MS
from dcvd.core.instants import HOUR
from dcvd.errors import Conflict
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.domains import additions, bulk, queries, removals
from dcvd.services.domains.bulk import BulkRequest
from dcvd.services.domains.bulk_additions import AddLineResult, BulkAdditions
from dcvd.services.domains.bulk_removals import BulkRemovals, RemoveLineResult
from dcvd.services.lifecycle import registration_queue
from dcvd.services.organizations import quotas
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations import organizations
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs, event_names

BAD = LineRefusal("hostname_invalid", "It is no name.")


def _lines(context: Context, *names: str | LineRefusal, first: int = 1) -> list[AddLine]:
    made: list[AddLine] = []
    for number, name in enumerate(names, first):
        wanted = name if isinstance(name, LineRefusal) else additions.validate(context, DomainRequest(domain_name=name))
        mark = fingerprint_line("add", msgspec.json.encode(wanted))
        made.append(AddLine(number=number, fingerprint=mark, name=None, content=wanted))
    return made


async def _add(context: Context, call: BulkRequest, lines: Sequence[AddLine]) -> list[AddLineResult]:
    return [added async for portion in BulkAdditions(context, call).add_lines(lines) for added in portion]


async def _remove(context: Context, call: BulkRequest, *targets: DomainReference) -> list[RemoveLineResult]:
    lines = [
        RemoveLine(number=number, fingerprint=str(target), name=target.name, content=target)
        for number, target in enumerate(targets, 1)
    ]
    return [removed async for portion in BulkRemovals(context, call).remove_lines(lines) for removed in portion]


async def _read_remembered(context: Context, org_id: str) -> tuple[int, int]:
    remembered = await context.database.read(lambda snapshot: organizations.read_remembered(snapshot, org_id))
    return remembered.lines, remembered.bytes


@pytest.fixture
def call(organization: Organization) -> BulkRequest:
    return BulkRequest(org_id=organization.id, actor="operator")


@pytest.fixture
def keyed(organization: Organization) -> BulkRequest:
    return BulkRequest(org_id=organization.id, actor="operator", idempotency_key="k1")


async def test_each_line_has_its_own_outcome_and_none_spoils_another(
    context: Context, call: BulkRequest, rival: Organization
) -> None:
    await additions.add(context, rival.id, "taken.customer.test")
    mine = await additions.add(context, call.org_id, "mine.customer.test")
    names = ("new.customer.test", BAD, "taken.customer.test", "mine.customer.test", "last.customer.test")
    results = await _add(context, call, _lines(context, *names))
    assert [result.line for result in results] == [1, 2, 3, 4, 5]
    assert [result.outcome for result in results] == ["created", "refused", "created", "exists", "created"]
    assert [result.error and result.error.code for result in results] == [None, "hostname_invalid", None, None, None]
    assert results[3].domain_id == mine.id
    stored = await queries.get(context, call.org_id, results[0].domain_id or "")
    assert stored == results[0].domain


async def test_what_is_added_in_bulk_has_its_jobs_and_events_like_any_other(
    context: Context, call: BulkRequest
) -> None:
    results = await _add(context, call, _lines(context, *(f"n{number}.customer.test" for number in range(70))))
    jobs = sorted(await all_jobs(context, call.org_id), key=lambda job: job.turn)
    assert [job.domain_id for job in jobs] == [result.domain_id for result in results]
    assert {job.kind for job in jobs} == {"register"}
    assert await event_names(context, call.org_id) == ["domain.added"] * 70
    assert [result.queue_position and result.queue_position.position for result in results] == list(range(1, 71))


async def test_the_same_name_twice_is_there_already_the_second_time(context: Context, call: BulkRequest) -> None:
    names = [f"n{number}.customer.test" for number in range(40)]
    results = await _add(context, call, _lines(context, "n0.customer.test", *names, "n39.customer.test"))
    assert [result.outcome for result in results] == ["created", "exists", *["created"] * 39, "exists"]
    assert results[0].domain_id == results[1].domain_id


async def test_a_dry_run_says_the_same_and_stores_nothing(
    context: Context, keyed: BulkRequest, rival: Organization
) -> None:
    await additions.add(context, rival.id, "taken.customer.test")
    many = [f"n{number}.customer.test" for number in range(40)]
    lines = _lines(
        context, "new.customer.test", BAD, "taken.customer.test", *many, "new.customer.test", "n39.customer.test"
    )
    rehearsal = BulkRequest(org_id=keyed.org_id, actor="operator", idempotency_key="k1", dry_run=True)
    dry = await _add(context, rehearsal, lines)
    assert await all_jobs(context, keyed.org_id) == []
    real = await _add(context, keyed, lines)
    spoken = {"would_create": "created"}
    assert [spoken.get(result.outcome, result.outcome) for result in dry] == [result.outcome for result in real]
    assert [result.error for result in dry] == [result.error for result in real]
    assert all(result.domain_id is None for result in dry)


async def test_a_repeat_with_the_same_key_is_answered_the_same(context: Context, keyed: BulkRequest) -> None:
    lines = _lines(context, "a.customer.test", BAD, "a.customer.test", "b.customer.test")
    first = await _add(context, keyed, lines)
    again = await _add(context, keyed, lines)
    assert [result.outcome for result in first] == ["created", "refused", "exists", "created"]
    assert again == first
    assert len(await all_jobs(context, keyed.org_id)) == 2


async def test_a_call_that_was_cut_goes_on_where_it_was(context: Context, keyed: BulkRequest) -> None:
    lines = _lines(context, *(f"n{number}.customer.test" for number in range(120)))
    cut = BulkAdditions(context, keyed).add_lines(lines)
    done = await anext(cut)
    assert 0 < len(done) < 120
    results = await _add(context, keyed, lines)
    assert {result.outcome for result in results} == {"created"}
    assert [result.domain_id for result in results[: len(done)]] == [result.domain_id for result in done]
    assert len(await all_jobs(context, keyed.org_id)) == 120


async def test_a_step_that_fails_leaves_neither_domains_nor_memory(context: Context, keyed: BulkRequest) -> None:
    many = _lines(context, *(f"n{number}.customer.test" for number in range(120)))
    pages = await context.database.read(lambda snapshot: snapshot.fetch_one("PRAGMA page_count"))
    assert pages is not None
    await context.database.maintain(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages[0]}"))
    with structlog.testing.capture_logs():  # rendering tracebacks for nobody takes seconds
        results = await _add(context, keyed, many)
    failed = [result for result in results if result.error is not None]
    assert failed
    assert {result.error.code for result in failed if result.error is not None} == {"disk_full"}
    await context.database.maintain(lambda connection: connection.execute("PRAGMA max_page_count = 1000000"))
    again = await _add(context, keyed, many)
    assert [result.outcome for result in again] == ["created"] * 120
    assert len(await all_jobs(context, keyed.org_id)) == 120


async def test_a_repeat_after_the_domain_was_removed_still_says_which_it_was(
    context: Context, keyed: BulkRequest
) -> None:
    lines = _lines(context, "a.customer.test")
    (first,) = await _add(context, keyed, lines)
    await removals.remove(context, keyed.org_id, first.domain_id or "")
    (again,) = await _add(context, keyed, lines)
    assert (again.outcome, again.domain_id, again.domain) == ("created", first.domain_id, None)


async def test_a_different_line_under_the_same_key_is_refused(context: Context, keyed: BulkRequest) -> None:
    await _add(context, keyed, _lines(context, "a.customer.test", "b.customer.test"))
    results = await _add(context, keyed, _lines(context, "a.customer.test", "c.customer.test", "d.customer.test"))
    assert [result.outcome for result in results] == ["created", "refused", "created"]
    assert results[1].error is not None
    assert results[1].error.code == "idempotency_key_reused"


@pytest.mark.parametrize("names", [["a.customer.test", "c.customer.test"], ["a.customer.test"]])
async def test_a_whole_call_with_a_used_key_is_refused_before_anything_is_done(
    context: Context, keyed: BulkRequest, names: list[str]
) -> None:
    lines = _lines(context, "a.customer.test", "b.customer.test")
    await _add(context, keyed, lines)
    await bulk.check_key_unused(context, keyed, lines)
    with pytest.raises(Conflict) as caught:
        await bulk.check_key_unused(context, keyed, _lines(context, *names))
    assert caught.value.code == "idempotency_key_reused"


async def test_a_key_is_its_organizations_own(context: Context, keyed: BulkRequest, rival: Organization) -> None:
    await _add(context, keyed, _lines(context, "a.customer.test"))
    theirs = BulkRequest(org_id=rival.id, actor="operator", idempotency_key="k1")
    lines = _lines(context, "b.customer.test")
    await bulk.check_key_unused(context, theirs, lines)
    (result,) = await _add(context, theirs, lines)
    assert result.outcome == "created"


async def test_two_streams_with_one_key_at_once_add_each_line_once(context: Context, keyed: BulkRequest) -> None:
    lines = _lines(context, *(f"n{number}.customer.test" for number in range(100)))
    left, right = await asyncio.gather(_add(context, keyed, lines), _add(context, keyed, lines))
    assert left == right
    assert {result.outcome for result in left} == {"created"}


async def test_a_key_is_forgotten_after_a_day(context: Context, keyed: BulkRequest, clock: ManualClock) -> None:
    lines = _lines(context, "a.customer.test")
    await _add(context, keyed, lines)
    janitor = Janitor(context, TokenUsage(), Metrics())
    clock.advance(KEY_LIFETIME_MS)
    await janitor.run_once()
    (again,) = await _add(context, keyed, lines)
    assert again.outcome == "created"
    clock.advance(1)
    await janitor.run_once()
    (forgotten,) = await _add(context, keyed, lines)
    assert forgotten.outcome == "exists"


async def test_a_key_is_forgotten_as_a_whole_though_its_lines_were_done_one_after_the_other(
    context: Context, keyed: BulkRequest, clock: ManualClock
) -> None:
    names = [f"n{number}.customer.test" for number in range(60)]
    lines = _lines(context, *names)
    janitor = Janitor(context, TokenUsage(), Metrics())
    first = await _add(context, keyed, lines[:30])
    clock.advance(HOUR)
    first += await _add(context, keyed, lines)
    for result in first[:30]:
        await removals.remove(context, keyed.org_id, result.domain_id or "")
    clock.advance(KEY_LIFETIME_MS - HOUR)
    await janitor.run_once()
    again = BulkAdditions(context, keyed)
    results = [result async for portion in again.add_lines(lines[:30]) for result in portion]
    # The key is forgotten while this call goes on, but not for this call.
    clock.advance(1)
    await janitor.run_once()
    results += [result async for portion in again.add_lines(lines[30:]) for result in portion]
    assert [result.domain_id for result in results] == [result.domain_id for result in first[30:]]
    # For another call all lines are new, the first as well as the last, whether or not the janitor came by.
    await bulk.check_key_unused(context, keyed, _lines(context, "other.customer.test"))
    results = await _add(context, keyed, lines)
    assert [result.outcome for result in results] == ["created"] * 30 + ["exists"] * 30
    # And it is repeated as such.
    clock.advance(KEY_LIFETIME_MS)
    await janitor.run_once()
    assert [result.domain_id for result in await _add(context, keyed, lines)] == [
        result.domain_id for result in results
    ]


async def test_another_writer_is_let_in_between_the_steps(context: Context, call: BulkRequest) -> None:
    lines = _lines(context, *(f"n{number}.customer.test" for number in range(1000)))
    seen: list[int] = []

    def count(tx: Transaction) -> int:
        row = tx.fetch_one("SELECT count(*) FROM domains WHERE org_id = ?", (call.org_id,))
        assert row is not None
        return int(row[0])

    async for _ in BulkAdditions(context, call).add_lines(lines):
        seen.append(await context.database.write(count))  # noqa: PERF401  # not before the next step is asked for
    assert len(seen) > 3
    assert max(after - before for before, after in zip([0, *seen], seen, strict=False)) <= 500


async def test_removals_by_id_and_by_name_say_which_records_are_left_in_dns(
    context: Context, call: BulkRequest, rival: Organization
) -> None:
    first, second = [await additions.add(context, call.org_id, f"{name}.customer.test") for name in "ab"]
    theirs = await additions.add(context, rival.id, "theirs.customer.test")
    results = await _remove(
        context,
        call,
        DomainReference(id=first.id),
        DomainReference(name="b.customer.test"),
        DomainReference(id=theirs.id),
        DomainReference(name="b.customer.test"),
        DomainReference(id="dom_none"),
    )
    assert [removed.result.outcome for removed in results] == ["removed", "removed", "refused", "refused", "refused"]
    assert {removed.result.error.code for removed in results[2:] if removed.result.error} == {"not_found"}
    assert [record.name for removed in results for record in removed.result.records] == [first.name, second.name]
    assert await queries.get(context, rival.id, theirs.id) == theirs
    names = await event_names(context, call.org_id)
    assert names == ["domain.added", "domain.added", "domain.removed", "domain.removed"]
    pending = [job.kind for job in await all_jobs(context, call.org_id) if job.next_attempt_at is not None]
    assert pending == ["deregister", "deregister"]


async def test_a_removal_that_is_repeated_is_answered_the_same_also_when_the_name_came_back(
    context: Context, keyed: BulkRequest
) -> None:
    domain = await additions.add(context, keyed.org_id, "a.customer.test")
    first = await _remove(context, keyed, DomainReference(name=domain.name))
    back = await additions.add(context, keyed.org_id, "a.customer.test")
    assert await _remove(context, keyed, DomainReference(name=domain.name)) == first
    assert await queries.get(context, keyed.org_id, back.id) == back


async def test_a_dry_removal_removes_nothing(context: Context, call: BulkRequest) -> None:
    domain = await additions.add(context, call.org_id, "a.customer.test")
    rehearsal = BulkRequest(org_id=call.org_id, actor="operator", dry_run=True)
    dry = await _remove(context, rehearsal, DomainReference(id=domain.id), DomainReference(name=domain.name))
    assert [removed.result.outcome for removed in dry] == ["would_remove", "refused"]
    assert await queries.get(context, call.org_id, domain.id) == domain


async def test_each_line_is_told_its_place_between_those_of_others(
    context: Context, call: BulkRequest, rival: Organization
) -> None:
    theirs = BulkRequest(org_id=rival.id, actor="operator")
    await _add(context, theirs, _lines(context, *(f"r{number}.customer.test" for number in range(60))))
    mine = await _add(context, call, _lines(context, *(f"n{number}.customer.test" for number in range(90))))
    domains_added = [added.domain for added in mine if added.domain is not None]
    exact = await registration_queue.find_positions(context, domains_added)
    assert [added.queue_position for added in mine] == [exact[domain.id] for domain in domains_added]
    positions = [place.position for place in exact.values() if place.position is not None]
    assert sorted(positions) != list(range(min(positions), min(positions) + 90))


async def test_a_refused_line_is_not_remembered_and_judged_afresh_by_a_repeat(
    context: Context, keyed: BulkRequest
) -> None:
    await additions.add(context, keyed.org_id, "mine.customer.test")
    await quotas.set_quotas(context, keyed.org_id, {"domains": 1})
    lines = _lines(context, BAD, "late.customer.test", "a.customer.test")
    await _add(context, replace(keyed, idempotency_key="k2"), lines[:2])
    assert await _read_remembered(context, keyed.org_id) == (0, 0)
    await quotas.set_quotas(context, keyed.org_id, {"domains": 2})
    await _add(context, keyed, lines)
    assert (await _read_remembered(context, keyed.org_id))[0] == 2  # the instant of the first call, and one line
    await quotas.set_quotas(context, keyed.org_id, {"domains": None})
    assert [result.outcome for result in await _add(context, keyed, lines)] == ["refused", "created", "created"]


async def test_where_no_more_can_be_remembered_a_line_is_refused_and_nothing_is_lost(
    context: Context, keyed: BulkRequest, clock: ManualClock, rival: Organization
) -> None:
    await quotas.set_quotas(context, keyed.org_id, {"remembered_lines": 31})
    lines = _lines(context, *(f"n{number}.customer.test" for number in range(40)))
    first = await _add(context, keyed, lines)
    assert [result.outcome for result in first] == ["created"] * 30 + ["refused"] * 10
    assert {result.error and result.error.code for result in first[30:]} == {"quota_reached"}
    again = await _add(context, keyed, lines)
    assert [result.outcome for result in again] == [result.outcome for result in first]
    assert len(await all_jobs(context, keyed.org_id)) == 30
    rivals = await _add(context, replace(keyed, org_id=rival.id), _lines(context, "rival.customer.test"))
    assert [result.outcome for result in rivals] == ["created"]
    without_key = replace(keyed, idempotency_key=None)
    assert {result.outcome for result in await _add(context, without_key, lines[30:])} == {"created"}
    clock.advance(KEY_RETENTION_MS + 1)
    await Janitor(context, TokenUsage(), Metrics()).run_once()
    assert await _read_remembered(context, keyed.org_id) == (0, 0)


async def test_the_bytes_that_are_remembered_are_bounded(context: Context, keyed: BulkRequest) -> None:
    await quotas.set_quotas(context, keyed.org_id, {"remembered_bytes": 100})
    lines = _lines(context, *(f"n{number}.customer.test" for number in range(60)))
    outcomes = [result.outcome for result in await _add(context, keyed, lines)]
    assert outcomes[0] == "created"
    assert outcomes[-1] == "refused"


async def test_a_key_that_was_forgotten_and_is_used_again_counts_once(
    context: Context, keyed: BulkRequest, clock: ManualClock
) -> None:
    lines = _lines(context, "a.customer.test", "b.customer.test")
    await _add(context, keyed, lines)
    before = await _read_remembered(context, keyed.org_id)
    clock.advance(KEY_LIFETIME_MS + 1)
    assert [result.outcome for result in await _add(context, keyed, lines)] == ["exists", "exists"]
    assert (await _read_remembered(context, keyed.org_id))[0] == before[0] == 3
