"""From version 4 to version 5: every job keeps what it needs, and runs as before."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from msgspec import Struct

from dcvd.config import Config, Live
from dcvd.core.jobs import JobState, NoPayload
from dcvd.core.records.zones import DnsWrite
from dcvd.core.webhooks.replays import Replay, ReplayStatus
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.jobs import JobWorker
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.domains import queries, removals
from dcvd.services.jobs import queue
from dcvd.services.lifecycle.remedy_jobs import Deregistration
from dcvd.services.webhooks import replay_job
from dcvd.store.engine.database import Database
from dcvd.store.engine.migrate import load_migrations, migrate
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import jobs
from tests.conftest import VAULT
from tests.manual_clock import ManualClock
from tests.performing import BY_NAME, perform
from tests.providing import access_of
from tests.services.views import all_jobs
from tests.waiting import until

_CF_ID: Final = "00000000-0000-4000-8000-000000000009"
_REPLAY: Final = (
    '{"endpoint_id":null,"status":"failed","events":null,"since":0,"until":9000000000000,"total":7,"progress":4,'
    '"after_delivery":"dlv_0004","after_sequence":0,"last_sequence":0}'
)
_INPUTS: Final[dict[str, tuple[str, str | None, str | None, str | None, Struct]]] = {
    # what version 4 stored: kind, cf_id, replay, dns_write; and the payload
    "register": ("register", None, None, None, NoPayload()),
    "register_again": ("register", "cf-1", None, None, NoPayload()),
    "deregister": ("deregister", _CF_ID, None, None, Deregistration(cf_id=_CF_ID)),
    "deregister_unknown": ("deregister", None, None, None, Deregistration(cf_id=None)),
    "revalidate": ("revalidate", "cf-1", None, None, NoPayload()),
    "refresh_token": ("refresh_token", None, None, None, NoPayload()),
    "replay": (
        "replay", None, _REPLAY, None,
        Replay(
            endpoint_id=None, status=ReplayStatus.DEAD, events=None, since=0, until=9000000000000, total=7,
            progress=4, after_delivery="dlv_0004",
        ),
    ),
    "write": ("write_dns", None, None, '{"action":"write","replace":false}', DnsWrite(action="write")),
    "replace": ("write_dns", None, None, '{"action":"write","replace":true}', DnsWrite(action="write")),
    "undo": ("write_dns", None, None, '{"action":"undo","replace":false}', DnsWrite(action="undo")),
    "remove": ("write_dns", None, None, '{"action":"remove","replace":false}', DnsWrite(action="remove")),
}  # fmt: skip


def _make(path: Path) -> None:
    """A database as version 4 left it, with a job of each sort in each state."""
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, load_migrations()[:4])
    connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
    connection.execute(
        "INSERT INTO domains (id, org_id, name, registrable, status, cname_target, dns_state, next_sync_at, created_at,"
        " updated_at) VALUES ('dom_1', 'org_1', 'app.customer.test', 'customer.test', 'pending_cname', 'edge.test',"
        " 'unknown', 1, 1, 1)"
    )
    connection.execute(
        "INSERT INTO oauth_connections (id, org_id, provider, method, status, encrypted_access_token, created_at,"
        " updated_at) VALUES ('conn_1', 'org_1', 'cloudflare', 'oauth', 'active', x'00', 1, 1)"
    )
    for number, (name, (kind, cf_id, replay, dns_write, _)) in enumerate(_INPUTS.items()):
        for state in JobState:
            connection.execute(
                "INSERT INTO jobs (id, org_id, kind, state, domain_id, domain_name, cf_id, attempts, next_attempt_at,"
                " last_error_code, last_error, outage, created_at, updated_at, turn, connection_id, replay, dns_write)"
                " VALUES (?, 'org_1', ?, ?, ?, ?, ?, 2, ?, 'odd', 'It hiccuped.', 1, 11, 12, ?, 'conn_1', ?, ?)",
                (
                    f"job_{name}_{state}", kind, state, None if kind == "replay" else "dom_1",
                    None if kind == "replay" else "app.customer.test", cf_id,
                    5 if state is JobState.PENDING else None, number, replay, dns_write,
                ),
            )  # fmt: skip
    connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    _make(path)
    return path


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    """That database, opened by this version."""
    database = await Database.open(path)
    yield database
    await database.close()


@pytest.fixture
def context(database: Database, config: Config, clock: ManualClock) -> Context:
    return Context(database, Live(config), vault=VAULT, clock=clock)


def test_each_job_keeps_everything_and_its_kind_reads_its_payload(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    before = {
        row[0]: row[1:]
        for row in connection.execute(
            "SELECT id, org_id, kind, state, domain_id, domain_name, attempts, next_attempt_at, last_error_code,"
            " last_error, created_at, updated_at, turn, connection_id FROM jobs"
        )
    }
    migrate(connection)
    snapshot = Snapshot(connection)
    assert len(before) == len(_INPUTS) * len(JobState)
    for name, (kind, *_, payload) in _INPUTS.items():
        for state in JobState:
            job = jobs.get(snapshot, f"job_{name}_{state}")
            assert job is not None
            # Version 4 counted attempts that failed by an outage among the others.
            attempts = job.attempts + job.outage_attempts
            assert before[job.id] == (
                job.org_id, job.kind, job.state, job.domain_id, job.domain_name, attempts, job.next_attempt_at,
                job.last_error_code, job.last_error, job.created_at, job.updated_at, job.turn, job.connection_id,
            )  # fmt: skip
            assert job.outage_attempts == (2 if state is JobState.PENDING else 0)
            assert BY_NAME[kind].kind.decode_payload(job) == payload
            assert job.ends_with_domain is BY_NAME[kind].kind.ends_with_domain
    connection.close()


def test_the_columns_of_single_kinds_are_gone(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection)
    columns = {row[1] for row in connection.execute("PRAGMA table_info(jobs)")}
    assert columns.isdisjoint({"cf_id", "replay", "dns_write"})
    connection.close()


async def test_a_domain_that_is_removed_after_it_ends_the_jobs_that_end_with_it(context: Context) -> None:
    await removals.remove(context, "org_1", "dom_1")
    pending = {job.id for job in await all_jobs(context, "org_1") if job.state is JobState.PENDING}
    assert {job_id.removesuffix("_pending") for job_id in pending if job_id.endswith("_pending")} == {
        "job_deregister", "job_deregister_unknown", "job_replay", "job_refresh_token",
    }  # fmt: skip


async def test_jobs_of_every_kind_run_after_it(
    database: Database, sandbox_config: Config, cloudflare: CloudflareClient
) -> None:
    context = Context(database, Live(sandbox_config), vault=VAULT)
    worker = JobWorker(context, cloudflare, access_of(context), Metrics())
    task = asyncio.create_task(worker.run())

    async def ended() -> bool:
        return all(job.state is not JobState.PENDING for job in await all_jobs(context, "org_1"))

    try:
        await until(ended)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await worker.pool.drain(1)
    ends = {job.id: (job.state, job.attempts) for job in await all_jobs(context, "org_1")}
    assert {ends[f"job_{name}_pending"] for name in _INPUTS} == {(JobState.DONE, 1)}
    assert {ends[f"job_{name}_dead"] for name in _INPUTS} == {(JobState.DEAD, 2)}
    assert (await queries.get(context, "org_1", "dom_1")).cf_id is not None


async def test_a_replay_in_progress_goes_on_from_there(database: Database, context: Context) -> None:
    def bury(tx: Transaction) -> None:
        tx.execute(
            "INSERT INTO webhook_endpoints (id, org_id, url, events, health, created_at, updated_at)"
            " VALUES ('wh_1', 'org_1', 'https://a.test/', '[]', 'healthy', 1, 1)"
        )
        for number in range(1, 8):
            tx.execute(
                "INSERT INTO events (id, org_id, sequence, type, domain_id, body, created_at)"
                " VALUES (?, 'org_1', ?, 'domain.active', NULL, CAST('{}' AS BLOB), 1)",
                (f"evt_{number:04d}", number),
            )
            tx.execute(
                "INSERT INTO deliveries (id, org_id, endpoint_id, event_id, event_type, sequence, state, created_at,"
                " updated_at) VALUES (?, 'org_1', 'wh_1', ?, 'domain.active', ?, 'dead', 1, 1)",
                (f"dlv_{number:04d}", f"evt_{number:04d}", number),
            )

    await database.write(bury)
    job = await queue.get(context, "org_1", "job_replay_pending")
    await perform(context, access_of(context), job)
    done = await queue.get(context, "org_1", job.id)
    assert (done.state, replay_job.REPLAY.decode_payload(done).progress) == (JobState.DONE, 7)
    states = await database.read(
        lambda snapshot: snapshot.fetch_all(
            "SELECT state FROM deliveries WHERE endpoint_id = 'wh_1' AND id > '' ORDER BY id"
        )
    )
    assert [state for (state,) in states] == [*["dead"] * 4, *["pending"] * 3]
