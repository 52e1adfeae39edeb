"""The file gives back what it needs no more, and the writer is never held for long meanwhile."""

import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from dcvd.core.instants import DAY
from dcvd.core.tokens.token import Role
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.tokens import minting, queries
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store.engine import maintenance
from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Transaction
from tests.janitor.conftest import Count
from tests.manual_clock import ManualClock
from tests.services.webhooks.attempts import owed, subscribed
from tests.unreliable_database import UnreliableDatabase


def _fill(endpoint: Endpoint, now: int, deliveries: int) -> str:
    """Delivered deliveries with an attempt each, whose events and answers have bodies."""
    return f"""
    BEGIN;
    CREATE TEMP TABLE numbers AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {deliveries})
        SELECT i, '01mcc5rm0' || printf('%017d', i) AS tail FROM n;
    INSERT INTO events (id, org_id, sequence, type, domain_id, body, created_at)
        SELECT 'evt_' || tail, '{endpoint.org_id}', i, 'domain.active', NULL, zeroblob(300), {now} FROM numbers;
    INSERT INTO deliveries (id, org_id, endpoint_id, event_id, event_type, sequence, state, attempts, created_at,
        updated_at) SELECT 'dlv_' || tail, '{endpoint.org_id}', '{endpoint.id}', 'evt_' || tail, 'domain.active', i,
        'delivered', 1, {now}, {now} FROM numbers;
    INSERT INTO attempts (delivery_id, number, started_at, total_ms, outcome, response)
        SELECT 'dlv_' || tail, 1, {now}, 1, 'delivered', zeroblob(200) FROM numbers;
    UPDATE organizations SET last_sequence = {deliveries};
    DROP TABLE numbers;
    COMMIT;
    """


@pytest.mark.sweep
async def test_the_file_shrinks_again_after_many_deliveries_and_in_small_transactions(
    context: Context, database: UnreliableDatabase, org: str, clock: ManualClock, count: Count, tmp_path: Path
) -> None:
    path = tmp_path / "dcvd.db"
    endpoint = await subscribed(context, org)
    script = _fill(endpoint, clock.now(), 20_000)
    await context.database.maintain(lambda connection: connection.executescript(script).close())
    assert await context.database.maintain(maintenance.checkpoint)
    full = path.stat().st_size
    assert full > 10_000_000
    totals = [await context.database.maintain(lambda connection: connection.total_changes)]

    def count_changes(tx: Transaction) -> None:
        ((total,),) = tx.fetch_all("SELECT total_changes()")
        totals.append(total)

    database.before_commit = count_changes
    clock.advance(91 * DAY)
    await Janitor(context, TokenUsage(), Metrics()).run_once()
    assert (await count("deliveries"), await count("attempts"), await count("events")) == (0, 0, 0)
    assert max(later - earlier for earlier, later in pairwise(totals)) <= 2_100
    assert await context.database.maintain(maintenance.checkpoint)
    assert path.stat().st_size < full / 10


async def test_a_file_that_cannot_shrink_does_not_keep_the_janitor_busy(
    tmp_path: Path, context: Context, clock: ManualClock
) -> None:
    path = tmp_path / "plain.db"
    made = sqlite3.connect(path)
    made.execute("PRAGMA auto_vacuum = NONE")
    made.execute("CREATE TABLE x (y)")
    made.execute("DROP TABLE x")
    made.commit()
    made.close()
    database = await Database.open(path)
    try:
        await database.maintain(
            lambda connection: connection.executescript(
                "CREATE TABLE big (x); INSERT INTO big VALUES (zeroblob(2000000)); DROP TABLE big;"
            ).close()
        )
        assert await database.maintain(maintenance.count_free_pages) > 400
        other = Context(database, context.live_config, clock=clock)
        org = (await organizations.create(other, "Acme")).id
        await minting.create(other, org, name="short", role=Role.OWNER, expires_at=clock.now() + 1)
        clock.advance(365 * DAY)
        # Where something was removed, a janitor gives free pages back.
        await Janitor(other, TokenUsage(), Metrics()).run_once()
        assert (await queries.list_page(other, org, cursor=None, limit=10)).items == []
        assert await database.maintain(maintenance.count_free_pages) > 400
    finally:
        await database.close()


async def test_what_has_to_stay_is_looked_through_beside_the_writer(
    context: Context, org: str, janitor: Janitor, clock: ManualClock, count: Count
) -> None:
    endpoint = await subscribed(context, org)
    script = _fill(endpoint, clock.now(), 3_000)
    await context.database.maintain(lambda connection: connection.executescript(script).close())
    clock.advance(60 * DAY)
    now = clock.now()
    # Replayed lately, all but a few: old by their ids, and not past their retention.
    await context.database.maintain(
        lambda connection: connection.execute(
            "UPDATE deliveries SET updated_at = ? WHERE sequence % 500 <> 0", (now,)
        ).close()
    )
    await janitor.run_once()
    assert await count("deliveries") == 2_994
    assert {one.sequence % 500 for one in await owed(context, endpoint)} == set(range(1, 500))
