"""The log is short when it is quiet, and whether anything can be stored is known without anybody who asks."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from dcvd.config import Live
from dcvd.config.sections import DatabaseConfig
from dcvd.daemon.metrics.store import WRITER, show_writer
from dcvd.errors import DiskFull
from dcvd.janitor.store_watch import StoreWatch, is_checkpoint_due
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization, insert
from tests.waiting import until

MIB = 1 << 20


@pytest.mark.parametrize(
    ("log_bytes", "quiet_s", "age_s", "due"),
    [
        (0, 1e9, 1e9, False),
        (1, 1e9, 299, False),
        (1, 0, 300, True),
        (4 * MIB - 1, 1e9, 299, False),
        (4 * MIB, 0.9, 59, False),
        (4 * MIB, 1, 1, True),
        (64 * MIB, 0, 59, False),
        (64 * MIB, 0, 60, True),
    ],
)
def test_a_large_log_waits_for_a_quiet_moment_and_not_for_long(
    log_bytes: int, quiet_s: float, age_s: float, due: bool
) -> None:
    assert is_checkpoint_due(log_bytes, quiet_s=quiet_s, age_s=age_s) is due


@pytest.fixture
def stored(context: Context, tmp_path: Path) -> Context:
    """The context, whose configuration names the database's file."""
    database = DatabaseConfig(path=tmp_path / "dcvd.db")
    return Context(context.database, Live(replace(context.config, database=database)), clock=context.clock)


def _fill(tx: Transaction, count: int = 3000, prefix: str = "n") -> None:
    for number in range(count):
        name = f"{prefix}{number:05d}"
        insert(tx, Organization(id=f"org_{name}", name=name.ljust(2000), created_at=1))


async def test_the_log_is_moved_into_the_database_when_it_is_quiet(stored: Context, tmp_path: Path) -> None:
    watch = StoreWatch(stored)
    await stored.database.write(_fill)
    assert watch.measure_log() > 4 * MIB

    async def is_moved() -> bool:
        await watch.run_once()
        return watch.measure_log() == 0

    await until(is_moved)
    assert (tmp_path / "dcvd.db").stat().st_size > 4 * MIB


async def test_where_litestream_moves_the_log_nobody_else_does(stored: Context) -> None:
    database = replace(stored.config.database, litestream=True)
    context = Context(stored.database, Live(replace(stored.config, database=database)), clock=stored.clock)
    watch = StoreWatch(context)
    await context.database.write(_fill)
    await until(lambda: _is_quiet(context))
    await watch.run_once()
    assert watch.measure_log() > 4 * MIB


async def _is_quiet(context: Context) -> bool:
    return context.database.writer_state.measure_commit_age() >= 1


async def test_an_outage_is_shown_and_ends_by_itself(stored: Context) -> None:
    metrics = Metrics()
    watch = StoreWatch(stored, interval_s=0.01, outage_probe_s=0.02)
    state = stored.database.writer_state
    metrics.add_source(WRITER, lambda: show_writer(state))

    def read(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    await stored.database.write(lambda tx: _fill(tx, 1))
    assert read("dcvd_store_commits_total") == 1
    assert read("dcvd_store_outage_seconds") == 0
    assert watch.measure_log() > 0
    (pages,) = await stored.database.maintain(lambda connection: connection.execute("PRAGMA page_count").fetchone())
    await stored.database.maintain(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())
    with pytest.raises(DiskFull):
        await stored.database.write(lambda tx: _fill(tx, prefix="b"))
    assert (read("dcvd_store_outage_seconds") or 0) > 0
    assert read("dcvd_store_failed_commits_total", code="disk_full") == 1
    task = asyncio.create_task(watch.run())

    async def is_over() -> bool:
        return read("dcvd_store_outage_seconds") == 0

    await until(is_over)  # the watch's own row needs no new page
    task.cancel()
    await asyncio.wait([task])
    assert (read("dcvd_store_last_commit_age_seconds") or 0) < 30
