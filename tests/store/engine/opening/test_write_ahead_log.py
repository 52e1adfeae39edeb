"""The reader of the write-ahead log sees what SQLite's recovery takes, whatever was damaged."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dcvd.store.engine.opening.write_ahead_log import read_log
from tests.store.engine.opening.logs import flip, leave_log, list_frames, recover


@given(
    transactions=st.lists(st.integers(min_value=1, max_value=25), min_size=1, max_size=8),
    page_size=st.sampled_from([512, 1024, 4096, 65536]),
    restart_after=st.integers(min_value=-1, max_value=6),
    fault=st.one_of(
        st.none(),
        st.tuples(st.just("flip"), st.floats(min_value=0, max_value=1, exclude_max=True), st.integers(1, 255)),
        st.tuples(st.just("cut"), st.floats(min_value=0, max_value=1), st.just(0)),
    ),
)
@example(transactions=[1, 1, 1], page_size=512, restart_after=2, fault=("cut", 0.5, 0))
def test_it_finds_as_many_frames_and_transactions_as_sqlite_recovers(
    transactions: list[int], page_size: int, restart_after: int, fault: tuple[str, float, int] | None
) -> None:
    directory = Path(tempfile.mkdtemp())
    try:
        path, log = directory / "x.db", directory / "x.db-wal"
        leave_log(path, transactions, page_size=page_size, restart_after=restart_after)
        size = log.stat().st_size
        if fault is not None:
            kind, where, mask = fault
            offset = int(where * size)
            if kind == "flip":
                flip(log, offset, mask)
            else:
                with log.open("r+b") as file:
                    file.truncate(offset)
        report = read_log(log)
        frames, found = recover(path)
        if report is None:
            assert frames == 0
            return
        assert report.recovered_frames == frames
        if restart_after < 0:
            assert found == list(range(report.recovered_commits))
        if fault is None:
            assert (found, report.lost_commits) == (list(range(len(transactions))), 0)
    finally:
        shutil.rmtree(directory)


@pytest.mark.parametrize("place", [0, 4, 8, 12, 16, 20, 24, 1000], ids=str)
def test_a_damaged_frame_loses_itself_and_each_one_behind_it(tmp_path: Path, place: int) -> None:
    """place: of the byte in its frame; at 0 the page's number begins, at 4 the commit's mark, at 8 the salt, at 16 the
    checksum, at 24 the page."""
    path, log = tmp_path / "x.db", tmp_path / "x.db-wal"
    leave_log(path, [1] * 10)
    whole = read_log(log)
    assert whole is not None
    frames = list(list_frames(log, 4096))
    assert (whole.recovered_frames, whole.recovered_commits, whole.lost_frames) == (len(frames), 10, 0)
    flip(log, frames[len(frames) // 2] + place)
    report = read_log(log)
    assert report is not None
    assert report.is_header_sound
    assert recover(path)[0] == report.recovered_frames
    assert 1 <= report.recovered_commits < 10
    # What is damaged in the salt or the mark of a frame is not counted as one of this log's commits.
    assert report.recovered_commits + report.lost_commits in (9, 10)


@pytest.mark.parametrize("place", [0, 5, 9, 13, 17, 25], ids=str)
def test_a_damaged_header_loses_the_whole_log(tmp_path: Path, place: int) -> None:
    path, log = tmp_path / "x.db", tmp_path / "x.db-wal"
    leave_log(path, [1] * 10)
    flip(log, place)
    report = read_log(log)
    assert report is not None
    assert not report.is_header_sound
    assert report.recovered_frames == 0
    assert recover(path) == (0, [])
    assert report.lost_commits == 10


def test_a_transaction_that_was_cut_off_is_no_loss(tmp_path: Path) -> None:
    path, log = tmp_path / "x.db", tmp_path / "x.db-wal"
    leave_log(path, [1, 1, 400])
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - 1)
    report = read_log(log)
    assert report is not None
    assert (report.recovered_commits, report.lost_commits) == (2, 0)
    assert report.lost_frames > 3


def test_frames_of_an_earlier_log_are_no_loss(tmp_path: Path) -> None:
    path, log = tmp_path / "x.db", tmp_path / "x.db-wal"
    leave_log(path, [100, 100, 1], restart_after=1)
    report = read_log(log)
    assert report is not None
    assert (report.recovered_commits, report.lost_frames) == (1, 0)
    assert report.recovered_frames < len(list(list_frames(log, 4096)))
    assert recover(path)[0] == report.recovered_frames


def test_without_a_log_or_a_frame_there_is_nothing_to_report(tmp_path: Path) -> None:
    log = tmp_path / "x.db-wal"
    assert read_log(log) is None
    log.write_bytes(bytes(31))
    assert read_log(log) is None
