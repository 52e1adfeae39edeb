"""Storing outcomes while the database refuses."""

import asyncio
import threading

import pytest
from msgspec.structs import replace

from dcvd.core.webhooks.deliveries import AttemptOutcome, FinishedAttempt
from dcvd.delivery.recorder import AttemptRecorder
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Transaction
from dcvd.store.webhooks import deliveries
from tests.delivery.conftest import at_work
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver
from tests.delivery.scheduling.queues import made
from tests.delivery.views import attempted, states
from tests.unreliable_database import Fate, UnreliableDatabase, strike


@pytest.mark.usefixtures("endpoint")
async def test_an_outcome_that_cannot_be_stored_is_not_sent_again_but_stored_later(
    context: Context, org: str, receiver: Receiver
) -> None:
    strikes = [strike(context.database, "record_attempts", 1, Fate.LOST) for _ in range(3)]
    async with at_work(context, record_pauses_s=(0.01,)):
        await happen(context, org)
        await attempted(context, 1)
    assert all(struck() for struck in strikes)
    assert len(receiver.received) == 1
    assert await states(context) == [("delivered", 1)]


async def _owed(context: Context, endpoint: str) -> list[FinishedAttempt]:
    due = await context.database.read(
        lambda snapshot: deliveries.list_due(snapshot, endpoint, context.now(), limit=100, excluded_ids=())
    )
    return [FinishedAttempt(due_delivery=one, org_id="", endpoint_id=endpoint, attempt=made(one.id)) for one in due]


async def test_one_outcome_that_the_database_does_not_take_harms_no_other(
    context: Context, org: str, endpoint: str
) -> None:
    await happen(context, org, 5)
    good = await _owed(context, endpoint)
    recorder = AttemptRecorder(context, lambda endpoints: None)
    # No text of SQLite's can hold half a character.
    broken = FinishedAttempt(
        due_delivery=good[0].due_delivery, org_id="", endpoint_id=endpoint, attempt=made("dlv_\ud800")
    )
    results = await asyncio.gather(*map(recorder.record, [*good[:2], broken, *good[2:]]), return_exceptions=True)
    assert [isinstance(result, Exception) for result in results] == [False, False, True, False, False, False]
    assert await states(context) == [("delivered", 1)] * 5


async def test_an_outcome_that_is_lost_after_the_disk_refused_it_holds_up_no_other(
    context: Context, org: str, endpoint: str
) -> None:
    await happen(context, org)
    (one,) = await _owed(context, endpoint)
    recorder = AttemptRecorder(context, lambda endpoints: None, pauses_s=(0.01,))
    struck = strike(context.database, "record_attempts", 1, Fate.LOST)
    broken = FinishedAttempt(due_delivery=one.due_delivery, org_id="", endpoint_id=endpoint, attempt=made("dlv_\ud800"))
    with pytest.raises(UnicodeEncodeError):
        await recorder.record(broken)
    assert struck()
    assert not recorder.is_refused


async def test_where_a_batch_falls_apart_each_goes_on_as_soon_as_its_own_outcome_is_stored(
    context: Context, database: UnreliableDatabase, org: str, endpoint: str
) -> None:
    await happen(context, org, 2)
    good = await _owed(context, endpoint)
    recorder = AttemptRecorder(context, lambda endpoints: None, pauses_s=(3600,))
    broken = FinishedAttempt(
        due_delivery=good[0].due_delivery, org_id="", endpoint_id=endpoint, attempt=made("dlv_\ud800")
    )
    writes = 0

    async def refuse_the_last() -> None:
        nonlocal writes
        writes += 1
        if writes == 4:
            raise StoreError("The disk is full.")

    database.before_write = refuse_the_last
    recording = [asyncio.create_task(recorder.record(one)) for one in (broken, *good)]
    async with asyncio.timeout(10):
        await asyncio.wait(recording[:2])
    assert not recording[2].done()
    for task in recording:
        task.cancel()


async def test_a_caller_that_is_cancelled_waits_until_its_outcome_is_stored(
    context: Context, org: str, endpoint: str
) -> None:
    await happen(context, org)
    (one,) = await _owed(context, endpoint)
    recording = asyncio.create_task(AttemptRecorder(context, lambda endpoints: None).record(one))
    await asyncio.sleep(0)
    recording.cancel()
    with pytest.raises(asyncio.CancelledError):
        await recording
    assert await states(context) == [("delivered", 1)]


async def test_many_outcomes_share_few_transactions(
    context: Context, database: UnreliableDatabase, org: str, endpoint: str
) -> None:
    await happen(context, org, 100)
    owed = await _owed(context, endpoint)
    recorder = AttemptRecorder(context, lambda endpoints: None, count_in_flight=lambda: 100)
    transactions: list[Transaction] = []
    database.before_commit = transactions.append
    await asyncio.gather(*map(recorder.record, owed))
    assert await states(context) == [("delivered", 1)] * 100
    assert len(transactions) <= 2


async def test_half_of_what_is_in_flight_is_stored_without_waiting_for_the_other_half(
    context: Context, org: str, endpoint: str
) -> None:
    await happen(context, org, 4)
    owed = await _owed(context, endpoint)
    recorder = AttemptRecorder(context, lambda endpoints: None, count_in_flight=lambda: 4, gather_s=3600)
    first = asyncio.create_task(recorder.record(owed[0]))
    await asyncio.sleep(0.02)
    assert not first.done()
    await recorder.record(owed[1])
    await first
    assert sorted(await states(context)) == [("delivered", 1)] * 2 + [("pending", 0)] * 2


async def test_of_all_that_has_ended_one_half_is_stored_first_and_goes_on_while_the_other_is(
    context: Context, database: UnreliableDatabase, org: str, endpoint: str
) -> None:
    await happen(context, org, 40)
    owed = await _owed(context, endpoint)
    recorder = AttemptRecorder(context, lambda endpoints: None, count_in_flight=lambda: 40)
    may_end, stored = threading.Event(), 0

    def hold_up_the_second_half(tx: Transaction) -> None:
        nonlocal stored
        stored += 1
        assert stored == 1 or may_end.wait(10)

    database.before_commit = hold_up_the_second_half
    recording = [asyncio.create_task(recorder.record(one)) for one in owed]
    async with asyncio.timeout(10):
        await asyncio.wait(recording[:20])
    assert not any(task.done() for task in recording[20:])
    may_end.set()
    async with asyncio.timeout(10):
        await asyncio.gather(*recording)
    assert stored == 2


async def test_the_next_batch_is_on_its_way_before_those_of_the_last_one_go_on(
    context: Context, database: UnreliableDatabase, org: str, endpoint: str
) -> None:
    await happen(context, org, 40)
    owed = await _owed(context, endpoint)
    recorder = AttemptRecorder(context, lambda endpoints: None, count_in_flight=lambda: 40)
    begun: list[int] = []
    written = 0

    async def count() -> None:
        nonlocal written
        written += 1

    async def record(one: FinishedAttempt) -> None:
        await recorder.record(one)
        begun.append(written)

    database.before_write = count
    await asyncio.gather(*map(record, owed))
    assert begun == [2] * 40


@pytest.mark.parametrize(
    ("outcome", "written", "state"),
    [(AttemptOutcome.DELIVERED, 2, "delivered"), (AttemptOutcome.HTTP_ERROR, 1, "pending")],
)
async def test_a_batch_goes_ahead_while_another_is_stored_only_where_nothing_hangs_on_their_order(
    context: Context,
    database: UnreliableDatabase,
    org: str,
    endpoint: str,
    outcome: AttemptOutcome,
    written: int,
    state: str,
) -> None:
    await happen(context, org, 40)
    owed = await _owed(context, endpoint)
    owed[30] = replace(owed[30], attempt=made(owed[30].due_delivery.id, outcome))
    recorder = AttemptRecorder(
        context, lambda endpoints: None, is_healthy=lambda endpoint_id: True, count_in_flight=lambda: 40, gather_s=0.01
    )
    may_be_written, asked = asyncio.Event(), 0

    async def hold_up() -> None:
        nonlocal asked
        asked += 1
        await may_be_written.wait()

    database.before_write = hold_up
    recording = [asyncio.create_task(recorder.record(one)) for one in owed]
    async with asyncio.timeout(10):
        while asked < written:
            await asyncio.sleep(0)
    await asyncio.sleep(0.03)
    assert asked == written
    may_be_written.set()
    async with asyncio.timeout(10):
        await asyncio.gather(*recording)
    assert sorted(await states(context)) == sorted([("delivered", 1)] * 39 + [(state, 1)])


async def test_where_storing_is_slow_all_that_is_in_flight_is_stored_together(
    context: Context, database: UnreliableDatabase, org: str, endpoint: str
) -> None:
    await happen(context, org, 6)
    owed = await _owed(context, endpoint)
    in_flight = 1
    recorder = AttemptRecorder(
        context, lambda endpoints: None, count_in_flight=lambda: in_flight, gather_s=3600, slow_store_s=0
    )
    await recorder.record(owed[0])
    await recorder.record(owed[1])
    transactions: list[Transaction] = []
    database.before_commit = transactions.append
    in_flight = 4
    half = [asyncio.create_task(recorder.record(one)) for one in owed[2:4]]
    await asyncio.sleep(0.02)
    assert not any(task.done() for task in half)
    await asyncio.gather(*half, *map(recorder.record, owed[4:]))
    assert len(transactions) == 1
