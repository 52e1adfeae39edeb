"""Storing outcomes while the database refuses."""

import asyncio

import pytest

from dcvd.core.webhooks.deliveries import FinishedAttempt
from dcvd.delivery.recorder import AttemptRecorder
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
    recorder = AttemptRecorder(context, lambda endpoints: None)
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


async def test_where_storing_is_slow_all_that_is_in_flight_is_stored_together(
    context: Context, database: UnreliableDatabase, org: str, endpoint: str
) -> None:
    await happen(context, org, 5)
    owed = await _owed(context, endpoint)
    in_flight = 1
    recorder = AttemptRecorder(
        context, lambda endpoints: None, count_in_flight=lambda: in_flight, gather_s=3600, slow_store_s=0
    )
    await recorder.record(owed[0])
    transactions: list[Transaction] = []
    database.before_commit = transactions.append
    in_flight = 4
    half = [asyncio.create_task(recorder.record(one)) for one in owed[1:3]]
    await asyncio.sleep(0.02)
    assert not any(task.done() for task in half)
    await asyncio.gather(*half, *map(recorder.record, owed[3:]))
    assert len(transactions) == 1
