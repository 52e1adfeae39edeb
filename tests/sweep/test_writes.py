"""A process that stores is killed at each of its writes, and the disk fails at each: nothing acknowledged is lost.

And nothing that was refused is there afterwards, also when the process is killed right after the refusal.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.sweep.faults import needs_strace, run_traced
from tests.sweep.judgement import judge_rows

_STORING: Final = "tests.sweep.storing"
_ROWS: Final = 8
_OPENING_SYNCS: Final = 1
"""Those of the log before that of the first row."""
_LAST_SYNC: Final = _OPENING_SYNCS + _ROWS


def _store(
    database: Path, blank_database: Path, inject: str, *, on_log: bool = True, size: int = 20, checkpoints: int = 0
) -> dict[str, set[int]]:
    """What a process said of its rows, which was killed in the end, and of which all was true."""
    shutil.copyfile(blank_database, database)
    path = Path(f"{database}-wal") if on_log else database
    arguments = [str(database), "1", str(_ROWS), str(size), str(checkpoints)]
    done = run_traced(_STORING, arguments, inject=inject, path=path)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return judge_rows(database, done.stdout)


@needs_strace
@pytest.mark.sampled(32)
@pytest.mark.parametrize("call", range(1, 49))
def test_killed_at_any_write_to_the_log(tmp_path: Path, blank_database: Path, call: int) -> None:
    said = _store(tmp_path / "x.db", blank_database, f"pwrite64:signal=SIGKILL:when={call}", size=5000)
    assert said.keys() <= {"stored"}


@needs_strace
@pytest.mark.sampled(32)
@pytest.mark.parametrize("fault", ["signal=SIGKILL", "error=EIO", "error=ENOSPC"])
@pytest.mark.parametrize("call", range(1, 17))
def test_a_checkpoint_is_killed_or_fails_at_any_write_to_the_database(
    tmp_path: Path, blank_database: Path, call: int, fault: str
) -> None:
    inject = f"pwrite64:{fault}:when={call}"
    said = _store(tmp_path / "x.db", blank_database, inject, on_log=False, size=5000, checkpoints=2)
    assert {outcome: len(numbers) for outcome, numbers in said.items()} == {"stored": _ROWS}


@needs_strace
@pytest.mark.parametrize("on_log", [True, False], ids=["log", "database"])
@pytest.mark.parametrize("call", range(1, 4))
@pytest.mark.sweep
def test_a_checkpoint_whose_syncs_fail_loses_nothing(
    tmp_path: Path, blank_database: Path, call: int, on_log: bool
) -> None:
    """Of the log's syncs, those that come after the rows'."""
    which = call if not on_log else _LAST_SYNC + call
    inject = f"fdatasync:error=EIO:when={which}"
    said = _store(tmp_path / "x.db", blank_database, inject, on_log=on_log, size=5000, checkpoints=2)
    assert {outcome: len(numbers) for outcome, numbers in said.items()} == {"stored": _ROWS}


@needs_strace
@pytest.mark.sampled(16)
@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("call", [_LAST_SYNC, *range(_OPENING_SYNCS + 1, _LAST_SYNC)])
def test_syncs_fail_and_then_the_process_is_killed(tmp_path: Path, blank_database: Path, call: int, count: int) -> None:
    """`count` syncs in a row, the last row's first of all."""
    inject = f"fdatasync:error=EIO:when={call}..{call + count - 1}"
    said = _store(tmp_path / "x.db", blank_database, inject)
    refused = len(said.get("store_failed", ()))
    assert len(said.get("outcome_unknown", ())) <= 1, "while one is in doubt, nothing else begins"
    if count == 1:
        # What is written in the place of a commit that failed has worked at once.
        assert (refused, said.get("outcome_unknown")) == (1, None)
    else:
        assert refused or said.get("outcome_unknown")


@needs_strace
@pytest.mark.sampled(24)
@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EDQUOT", "EROFS"])
@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize("call", [4, 5, 8, 9, 12, 13])
def test_writes_fail_and_then_the_process_is_killed(
    tmp_path: Path, blank_database: Path, call: int, count: int, error: str
) -> None:
    inject = f"pwrite64:error={error}:when={call}..{call + count - 1}"
    said = _store(tmp_path / "x.db", blank_database, inject)
    assert "outcome_unknown" not in said, "a write that was refused leaves no whole commit"
    assert said.keys() - {"stored"} == {"disk_full" if error == "ENOSPC" else "store_failed"}


def test_a_file_that_may_not_grow_is_a_full_disk_for_those_rows_alone(tmp_path: Path, blank_database: Path) -> None:
    """RLIMIT_FSIZE, below what the rows take."""
    database = tmp_path / "x.db"
    shutil.copyfile(blank_database, database)
    limit = database.stat().st_size + 100_000
    done = subprocess.run(
        ["prlimit", f"--fsize={limit}", sys.executable, "-m", _STORING, str(database), "1", "40", "40000"],
        input="\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    said = judge_rows(database, done.stdout)
    assert said["stored"]
    assert said["store_failed"]
    assert "outcome_unknown" not in said


def test_a_small_disk_fills_up_and_is_used_again_once_there_is_room(tmp_path: Path, blank_database: Path) -> None:
    script = f"""
        set -e
        mount -t tmpfs -o size=2m none {tmp_path}
        cp {blank_database} {tmp_path}/x.db
        head -c 600000 /dev/zero > {tmp_path}/ballast
        {sys.executable} -m tests.sweep.filling {tmp_path}/x.db {tmp_path}/ballast
    """
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    if "Operation not permitted" in done.stderr or "permission denied" in done.stderr.lower():
        pytest.skip("this user may mount nothing")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "whole"


@pytest.mark.parametrize("name", ["", "-wal"], ids=["database", "log"])
def test_a_flipped_byte_is_found_or_told(tmp_path: Path, blank_database: Path, name: str) -> None:
    """Whatever is damaged: the start either refuses the file or says which changes are lost."""
    database = tmp_path / "x.db"
    shutil.copyfile(blank_database, database)
    done = subprocess.run(
        [sys.executable, "-m", _STORING, str(database), "1", "30", "2000"],
        input="\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    if not name:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'organizations'").fetchone()
        offset = (root - 1) * 4096
    else:
        offset = os.stat(f"{database}-wal").st_size // 2
    with open(f"{database}{name}", "r+b") as file:
        file.seek(offset)
        (value,) = file.read(1)
        file.seek(offset)
        file.write(bytes([value ^ 0xFF]))
    opened = subprocess.run(
        [sys.executable, "-m", "tests.sweep.opening", str(database)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if name:
        assert "store.log_damaged" in opened.stdout
        assert opened.stdout.splitlines()[-1] == "open"
    else:
        assert opened.stdout.splitlines()[-1] == "DatabaseUnusable"
