"""Each write and read around an attempt fails, as "lost" and as "done anyway": everything is accounted for after it,
and nothing is sent twice, for the daemon lives on and stores later what it knows."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest
import structlog.testing
from aiohttp import web

from dcvd.core.events import EventType
from dcvd.services.context import Context
from dcvd.store.webhooks import attempts as attempt_rows
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver, in_turn, ok, saying
from tests.delivery.views import attempted, attempts, delivered, stored
from tests.manual_clock import RealClock
from tests.unreliable_database import Fate, strike
from tests.waiting import until

_RECORD = "record_attempts"
_DROP = "drop_expired"
_READ_DUE = "EndpointQueues._read"
_SURVEY = "EndpointQueues._survey"

_STRIKES = [
    *[(_RECORD, which) for which in range(1, 7)],
    (_DROP, 1),
    *[(_READ_DUE, which) for which in (1, 2, 3)],
    (_SURVEY, 1),
]


@pytest.fixture(autouse=True)
def _faults_are_logged_without_the_labour_of_tracebacks() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


@pytest.mark.parametrize("fate", Fate)
@pytest.mark.parametrize(("of", "which"), _STRIKES)
@pytest.mark.sampled(4)
async def test_everything_is_accounted_for_and_nothing_is_sent_twice(
    context: Context,
    org: str,
    receiver: Receiver,
    of: str,
    which: int,
    fate: Fate,
) -> None:
    context.clock = RealClock()
    configure(context, retry_schedule=(0, 10, 10), endpoint_concurrency=2)
    sound, _ = await subscribe(context, org, f"{receiver.base}/sound")
    shaky, _ = await subscribe(context, org, f"{receiver.base}/shaky")
    broken, _ = await subscribe(context, org, f"{receiver.base}/broken", events=("domain.removed",))
    told, _ = await subscribe(context, org, f"{receiver.base}/told", events=("delivery.dlq",))
    receiver.answers["/shaky"] = in_turn(saying(500), ok, saying(500), saying(503), ok)
    receiver.answers["/broken"] = saying(500)
    await happen(context, org, 3, domain_id="dom_1")
    await happen(context, org, 6)
    await happen(context, org, expires_at=context.now() - 1)
    await happen(context, org, 2, kind=EventType.DOMAIN_REMOVED)
    struck = strike(context.database, of, which, fate)

    async def settled() -> bool:
        found = await stored(context)
        return struck() and len(found) == 24 and all(one.state != "pending" for one in found)

    async with at_work(context, record_pauses_s=(0.01,), read_pause_s=0.01, cool_down_s=0.05):
        await until(settled)

    ends = {
        endpoint: Counter(one.state for one in await stored(context, endpoint))
        for endpoint in (sound, shaky, broken, told)
    }
    assert ends == {
        sound: {"delivered": 9, "dropped": 1},
        shaky: {"delivered": 9, "dropped": 1},
        broken: {"dead": 2},
        told: {"delivered": 2},
    }
    made = await attempts(context)
    sent = Counter((request.path, request.headers["webhook-id"]) for request in receiver.received)
    paths = {sound: "/sound", shaky: "/shaky", broken: "/broken", told: "/told"}
    assert sent == Counter((paths[attempt.endpoint_id], attempt.event_id) for attempt in made)
    for one in await stored(context):
        numbers = [
            attempt.number
            for attempt in made
            if (attempt.event_id, attempt.endpoint_id) == (one.event_id, one.endpoint_id)
        ]
        assert numbers == list(range(1, one.attempts + 1))
    for endpoint in paths:
        counted = await context.database.read(partial(attempt_rows.list_counts, endpoint_id=endpoint, since_at=0))
        assert sum(count for *_, count in counted) == sum(attempt.endpoint_id == endpoint for attempt in made)


async def test_a_pause_that_was_stored_by_a_commit_that_seemed_to_fail_is_kept(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    receiver.answers["/hooks"] = in_turn(saying(503, retry_after="600"), ok)
    await happen(context, org)
    struck = strike(context.database, _RECORD, 1, Fate.DONE_ANYWAY)
    async with at_work(context, record_pauses_s=(0.01,), read_pause_s=0.01, cool_down_s=0.05):
        await attempted(context, 1)
        assert struck()
        other, _ = await subscribe(context, org, f"{receiver.base}/other")
        await happen(context, org, 3)
        await delivered(context, 3, other)
    assert receiver.by_path == {"/hooks": 1, "/other": 3}


async def test_what_is_owed_to_others_for_an_attempt_is_sent_though_its_commit_seemed_to_fail(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    configure(context, retry_schedule=(0,))
    receiver.answers["/hooks"] = saying(500)
    told, _ = await subscribe(context, org, f"{receiver.base}/told", events=("delivery.dlq",))
    await happen(context, org)
    struck = strike(context.database, _RECORD, 1, Fate.DONE_ANYWAY)
    async with at_work(context, record_pauses_s=(0.01,), read_pause_s=0.01, cool_down_s=0.05):
        await delivered(context, 1, told)
    assert struck()
    assert receiver.by_path == {"/hooks": 1, "/told": 1}


async def test_nothing_is_sent_while_an_outcome_cannot_be_stored(
    context: Context, org: str, receiver: Receiver
) -> None:
    """What is sent then would be sent again, if dcvd were killed before it can be stored."""
    context.clock = RealClock()
    await subscribe(context, org, f"{receiver.base}/one")
    await happen(context, org)
    struck = [strike(context.database, _RECORD, 1, Fate.LOST) for _ in range(3)]
    stored_before: list[int] = []

    async def look(request: web.Request) -> web.StreamResponse:
        stored_before.append(len(await attempts(context)))
        return await ok(request)

    receiver.answers["/two"] = look

    async def is_refused() -> bool:
        return struck[0]()

    async with at_work(context, record_pauses_s=(0.1,)):
        await until(is_refused)
        two, _ = await subscribe(context, org, f"{receiver.base}/two")
        await happen(context, org)
        await delivered(context, 1, two)
    assert struck[-1]()
    assert stored_before[0] >= 1
    assert receiver.by_path["/two"] == 1
