"""What a scrape costs does not grow with the number of domains, deliveries and jobs."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from dcvd.services.figures import collect_figures
from dcvd.store.engine.transactions import Snapshot
from tests.bench.scrape import fill
from tests.sqlite_steps import count_steps


def count_hundreds(path: Path) -> int:
    """The steps of SQLite's machine, by hundreds, that the figures take."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        now = time.time_ns() // 1_000_000
        return count_steps(connection, lambda: collect_figures(Snapshot(connection), now), every=100) // 100


def test_the_figures_of_ten_times_as_many_rows_take_no_more_steps(tmp_path: Path) -> None:
    steps = {}
    # As many organizations, endpoints and hours of expiry in both: these are what the figures go through.
    for size in (2_500, 25_000):
        fill(tmp_path / f"{size}.db", size, organizations=20)
        steps[size] = count_hundreds(tmp_path / f"{size}.db")
    # The overdue renewals are counted one by one, and are a hundredth of the domains here.
    assert steps[25_000] < steps[2_500] * 1.25 + 25
