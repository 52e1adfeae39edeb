"""What the janitor removes, and what it keeps."""

from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.instants import DAY, MINUTE
from dcvd.core.jobs import JobState
from dcvd.core.tokens.token import Role
from dcvd.core.webhooks.health import HealthState
from dcvd.errors import Permanent
from dcvd.janitor import Janitor
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.jobs import queue
from dcvd.services.tokens import minting, queries
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.store.jobs import jobs
from tests.dns_provider import OneProvider, ZoneAtProvider, connect
from tests.janitor.conftest import Count
from tests.manual_clock import ManualClock
from tests.performing import perform
from tests.services.views import all_jobs
from tests.services.webhooks.attempts import due, endpoint_now, failed, happen, subscribed


async def test_an_expired_token_goes_after_its_grace_and_no_other(
    context: Context, org: str, janitor: Janitor, clock: ManualClock, count: Count
) -> None:
    await minting.create(context, org, name="short", role=Role.OWNER, expires_at=clock.now() + DAY)
    await minting.create(context, org, name="endless", role=Role.OWNER, expires_at=None)
    clock.advance(8 * DAY)
    await janitor.run_once()
    assert await count("api_tokens") == 2
    clock.advance(1)
    await janitor.run_once()
    (left,) = (await queries.list_page(context, org, cursor=None, limit=10)).items
    assert left.name == "endless"


async def test_a_job_that_is_done_goes_after_its_retention_and_one_that_is_not_stays(
    context: Context, org: str, janitor: Janitor, clock: ManualClock
) -> None:
    await additions.add(context, org, "done.customer.test")
    await additions.add(context, org, "owed.customer.test")
    done = (await all_jobs(context, org))[0]
    await queue.complete(context, done)
    clock.advance(30 * DAY)
    await janitor.run_once()
    assert len(await all_jobs(context, org)) == 2
    clock.advance(1)
    await janitor.run_once()
    (left,) = await all_jobs(context, org)
    assert left.id != done.id


async def test_a_record_of_ours_whose_domain_is_gone_is_known_as_long_as_its_removal_can_be_tried_again(
    context: Context, org: str, janitor: Janitor, clock: ManualClock, count: Count
) -> None:
    made = await connect(context, org)
    zone = ZoneAtProvider()
    for name in ("gone", "lives"):
        await additions.add(context, org, f"{name}.customer.test", connection_id=made.id)
        job = next(job for job in await all_jobs(context, org) if job.connection_id and job.state is JobState.PENDING)
        await perform(context, OneProvider(context, zone), job)
        clock.advance(1)
    gone = next(job.domain_id for job in await all_jobs(context, org) if job.domain_name == "gone.customer.test")
    await removals.remove(context, org, gone or "", remove_records=True)
    retention_ms = context.config.retention.dead_letters
    clock.advance(retention_ms + DAY)
    await janitor.run_once()
    assert await count("written_records") == 2, "the removal is still pending"
    removal = next(job for job in await all_jobs(context, org) if job.action == "remove")
    await queue.fail(context, removal, Permanent("The zone is gone."))
    clock.advance(retention_ms)
    await janitor.run_once()
    assert await count("written_records") == 2, "its dead letter can be retried"
    clock.advance(1)
    await janitor.run_once()
    assert await count("written_records") == 1


async def test_a_large_sweep_goes_in_small_transactions(
    context: Context, org: str, janitor: Janitor, clock: ManualClock, count: Count
) -> None:
    for number in range(3):
        await additions.add(context, org, f"n{number}.customer.test")
    (template, *_) = await all_jobs(context, org)

    def many(tx: object) -> None:
        for number in range(450):
            done = replace(template, id=f"job_{number:026d}", state="done", next_attempt_at=None)
            jobs.insert(tx, done)  # type: ignore[arg-type]

    await context.database.write(many)
    clock.advance(31 * DAY)
    commits: list[str] = []
    await context.database.maintain(
        lambda connection: connection.set_trace_callback(
            lambda statement: commits.append(statement) if statement == "COMMIT" else None
        )
    )
    await janitor.run_once()
    assert await count("jobs") == 3
    assert len(commits) >= 3


async def test_a_round_calls_an_endpoint_failing_whose_failures_lie_far_enough_back(
    context: Context, org: str, janitor: Janitor, clock: ManualClock
) -> None:
    endpoint = await subscribed(context, org, EventType.JOB_FAILED)
    await happen(context, org, *[EventType.JOB_FAILED] * 5, domain=None)
    await record_attempts(context, [failed(endpoint, one) for one in await due(context, endpoint)])
    await janitor.run_once()
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.HEALTHY
    clock.advance(5 * MINUTE)
    await janitor.run_once()
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.FAILING
