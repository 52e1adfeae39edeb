"""What the janitor removes, and what it keeps."""

import pytest
from msgspec.structs import replace

from dcvd.core.instants import DAY
from dcvd.core.tokens import Role
from dcvd.core.webhooks import Attempt, AttemptOutcome
from dcvd.janitor import Janitor
from dcvd.kit.clock import ManualClock
from dcvd.services import deliveries, domains, organizations, registration, tokens, webhooks
from dcvd.services.context import Context
from dcvd.services.tokens import LastUse
from dcvd.store import deliveries as stored
from dcvd.store import jobs
from tests.services.views import all_jobs, bodies


@pytest.fixture
async def org(context: Context) -> str:
    return (await organizations.create(context, "Acme")).id


@pytest.fixture
def janitor(context: Context) -> Janitor:
    return Janitor(context, LastUse())


async def _count(context: Context, table: str) -> int:
    rows = await context.database.maintain(
        lambda connection: connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    )
    return int(rows[0])


async def test_an_expired_token_goes_after_its_grace_and_no_other(
    context: Context, org: str, janitor: Janitor, clock: ManualClock
) -> None:
    await tokens.create(context, org, name="short", role=Role.OWNER, expires_at=clock.now() + DAY)
    await tokens.create(context, org, name="endless", role=Role.OWNER, expires_at=None)
    clock.advance(8 * DAY)
    await janitor.round()
    assert await _count(context, "api_tokens") == 2
    clock.advance(1)
    await janitor.round()
    (left,) = (await tokens.list_page(context, org, cursor=None, limit=10)).items
    assert left.name == "endless"


async def test_what_ended_goes_after_its_retention_and_what_is_owed_stays(
    context: Context, org: str, janitor: Janitor, clock: ManualClock
) -> None:
    await webhooks.create(context, org, url="http://127.0.0.1:1/", events=["domain.added"])
    await domains.add(context, org, "done.customer.test")
    await domains.add(context, org, "owed.customer.test")
    (done, _) = await context.database.read(lambda snapshot: stored.due(snapshot, context.now(), 10, ()))
    await deliveries.record_attempt(
        context,
        Attempt(
            delivery_id=done.id, number=1, started_at=0, duration_ms=1, outcome=AttemptOutcome.DELIVERED,
            status_code=200, error=None, response=b"", remote_ip=None, retry_after=None,
        ),
    )  # fmt: skip
    job = (await all_jobs(context, org))[0]
    await registration.nothing_to_do(context, job)
    clock.advance(30 * DAY)
    await janitor.round()
    assert (await _count(context, "deliveries"), await _count(context, "attempts")) == (2, 1)
    clock.advance(1)
    await janitor.round()
    assert (await _count(context, "deliveries"), await _count(context, "attempts")) == (1, 0)
    assert [left.id for left in await all_jobs(context, org)] != [job.id]
    assert len(await all_jobs(context, org)) == 1
    clock.advance(60 * DAY)
    await janitor.round()
    # The event that is still owed outlives its retention.
    assert [body["data"]["domain_name"] for body in await bodies(context, org)] == ["owed.customer.test"]


async def test_a_large_sweep_goes_in_small_transactions(
    context: Context, org: str, janitor: Janitor, clock: ManualClock
) -> None:
    for number in range(3):
        await domains.add(context, org, f"n{number}.customer.test")
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
    await janitor.round()
    assert await _count(context, "jobs") == 3
    assert len(commits) >= 3
