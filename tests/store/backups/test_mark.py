"""When the last backup was made: a file beside the database."""

import os
from pathlib import Path

import pytest

from dcvd.errors import StoreError
from dcvd.store.backups.mark import mark_backup, read_last_backup

NOW = 1_800_000_000_000


def test_the_last_one_counts_and_nothing_else_is_left_behind(tmp_path: Path) -> None:
    database = tmp_path / "dcvd.db"
    assert read_last_backup(database) is None
    mark_backup(database, NOW)
    mark_backup(database, NOW + 1)
    assert read_last_backup(database) == NOW + 1
    assert [path.name for path in tmp_path.iterdir()] == ["dcvd.db.last-backup"]


def test_it_stands_beside_the_file_that_a_link_leads_to(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "dcvd.db").touch()
    link = tmp_path / "link.db"
    link.symlink_to(real / "dcvd.db")
    mark_backup(link, NOW)
    assert read_last_backup(real / "dcvd.db") == NOW


@pytest.mark.parametrize("content", [b"", b"yesterday", b"-5", b"1" * 16, b"\xff\xfe", "\u0663".encode()])
def test_what_is_no_instant_is_as_if_it_were_not_there(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dcvd.db.last-backup").write_bytes(content)
    assert read_last_backup(tmp_path / "dcvd.db") is None


def test_where_it_cannot_be_written_a_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"gone/dcvd\.db\.last-backup, which says when a backup was made, cannot be"):
        mark_backup(tmp_path / "gone" / "dcvd.db", NOW)
    assert not os.listdir(tmp_path)
