"""From version 1 to version 2: everything is kept, in order, and no secret stays plain."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dcvd.config import Config, Live
from dcvd.core.webhooks.deliveries import AttemptOutcome, DeliveryState
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth, HealthState
from dcvd.services.context import Context
from dcvd.services.events import feed
from dcvd.services.webhooks import delivery_history, endpoints, secret_rotation
from dcvd.store.engine import maintenance
from dcvd.store.engine.database import Database
from tests.conftest import VAULT
from tests.services.webhooks.attempts import due, owed
from tests.store.engine import version_one


@pytest.fixture
async def context(tmp_path: Path, config: Config) -> AsyncIterator[Context]:
    """A database of version 1, opened by this version."""
    path = tmp_path / "old.db"
    version_one.make(path)
    database = await Database.open(path)
    yield Context(database, Live(config), vault=VAULT)
    await database.close()


async def test_endpoints_keep_their_state_and_are_healthy_or_disabled_by_their_tenant(context: Context) -> None:
    on, off = [await endpoints.get(context, "org_1", endpoint_id) for endpoint_id in ("wh_on", "wh_off")]
    assert (on.health, on.url, on.events, on.created_at, on.updated_at) == (
        EndpointHealth(),
        "https://a.test/",
        ("domain.active",),
        7,
        8,
    )
    assert (off.health.state, off.health.reason) == (HealthState.DISABLED, DisabledReason.MANUAL)


@pytest.mark.parametrize("sealed", [False, True])
async def test_secrets_can_be_read_before_and_after_they_are_sealed(context: Context, sealed: bool) -> None:
    if sealed:
        await secret_rotation.seal_plaintext_secrets(context)
    for endpoint_id, secret in version_one.SECRETS.items():
        opened = await context.database.read(
            lambda snapshot, wanted=endpoint_id: endpoints.unseal_endpoint(context, snapshot, wanted)  # type: ignore[misc]
        )
        assert opened is not None
        assert [(one.secret.reveal(), one.created_at, one.expires_at) for one in opened.secrets] == [(secret, 7, None)]


async def test_deliveries_and_attempts_are_kept_and_of_one_domain_the_later_waits(context: Context) -> None:
    endpoint = await endpoints.get(context, "org_1", "wh_on")
    assert [
        (
            one.sequence,
            one.state.value,
            one.attempts,
            one.next_attempt_at,
            one.domain_id,
            one.last_error,
            one.updated_at,
        )
        for one in await owed(context, endpoint)
    ] == [
        (1, "delivered", 2, None, "dom_a", None, 301),
        (2, "pending", 1, 5_000, "dom_a", "It answered 500.", 302),
        (3, "pending", 0, None, "dom_a", None, 303),
        (4, "dead", 1, None, "dom_b", "It answered 410.", 304),
        (5, "pending", 0, 4_000, None, None, 305),
    ]
    assert [one.event_id for one in await due(context, endpoint)] == ["evt_5", "evt_2"]
    full = await delivery_history.get(context, "org_1", "dlv_2")
    (made,) = full.attempts
    assert (
        made.attempt.outcome,
        made.attempt.status_code,
        made.attempt.response_body,
        made.attempt.timings.total_ms,
    ) == (
        AttemptOutcome.HTTP_ERROR,
        500,
        b"\xff\x00",
        17,
    )
    assert (made.consequence, made.attempt.remote_ip, full.event.body) == (None, "192.0.2.1", b'{"sequence":2}')
    assert [made.attempt.outcome for made in (await delivery_history.get(context, "org_1", "dlv_1")).attempts] == [
        AttemptOutcome.TIMEOUT,
        AttemptOutcome.DELIVERED,
    ]
    assert full.summary.delivery.state is DeliveryState.PENDING


async def test_the_feed_begins_at_the_first_event_that_is_followed_by_all_others(context: Context) -> None:
    page = await feed.EventFeed(context).read("org_1", after=None, types=None, limit=10)
    assert [event.sequence for event in page.events] == [1, 2, 3, 4, 5]


async def test_the_file_is_whole_and_has_the_schema_of_a_new_one(context: Context, schema: sqlite3.Connection) -> None:
    def look(connection: sqlite3.Connection) -> tuple[list[Any], list[Any], list[Any]]:
        return (
            connection.execute("PRAGMA foreign_key_check").fetchall(),
            connection.execute("PRAGMA integrity_check").fetchall(),
            connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall(),
        )

    broken, verdict, objects = await context.database.maintain(look)
    assert (broken, verdict) == ([], [("ok",)])
    assert objects == look(schema)[2]


async def test_no_secret_stays_plain_in_the_file(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "many.db"
    secrets = version_one.make(path, endpoints=500)
    before = path.read_bytes()
    assert all(secret.encode() in before for secret in secrets.values())
    database = await Database.open(path)
    await secret_rotation.seal_plaintext_secrets(Context(database, Live(config), vault=VAULT))
    assert await database.maintain(maintenance.checkpoint)
    after = path.read_bytes() + path.with_name("many.db-wal").read_bytes()
    await database.close()
    assert [secret for secret in secrets.values() if secret.encode() in after] == []
    assert [secret for secret in secrets.values() if secret[16:48].encode() in after] == []
