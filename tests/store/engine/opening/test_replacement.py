"""Another file takes a database's place by steps that can be repeated."""

from pathlib import Path

import pytest

from dcvd.errors import StoreError
from dcvd.store.engine.opening.replacement import (
    commit_replacement,
    draft_path,
    finish_replacement,
    is_committed,
    remove_draft,
)

NOW = 1_800_000_000_000


@pytest.fixture
def database(tmp_path: Path) -> Path:
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"dcvd.db{suffix}").write_text(f"old{suffix}")
    draft_path(tmp_path / "dcvd.db").write_text("new")
    return tmp_path / "dcvd.db"


def contents(database: Path) -> dict[str, str]:
    return {path.name.removeprefix("dcvd.db"): path.read_text() for path in database.parent.iterdir()}


REPLACED = {"": "new", ".replaced-20270115T080000Z": "old", ".replaced-20270115T080000Z-wal": "old-wal"}


def test_the_old_file_is_kept_with_its_log_and_nothing_of_it_is_left_beside_the_new_one(database: Path) -> None:
    commit_replacement(database, NOW)
    assert finish_replacement(database) == database.with_name("dcvd.db.replaced-20270115T080000Z")
    assert contents(database) == REPLACED
    assert finish_replacement(database) is None
    assert contents(database) == REPLACED


def test_before_it_is_decided_nothing_is_replaced(database: Path) -> None:
    assert finish_replacement(database) is None
    assert contents(database)[""] == "old"
    remove_draft(database)
    assert ".restoring" not in contents(database)


def test_what_was_begun_is_finished_from_each_step(database: Path) -> None:
    commit_replacement(database, NOW)
    database.rename(database.with_name("dcvd.db.replaced-20270115T080000Z"))
    finish_replacement(database)
    assert contents(database) == REPLACED


def test_a_link_to_the_database_stays_one(database: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(database)
    assert not is_committed(link)
    commit_replacement(link, NOW)
    database.rename(database.with_name("dcvd.db.replaced-20270115T080000Z"))  # killed here, the link leads nowhere
    assert is_committed(link)
    finish_replacement(link)
    assert not is_committed(link)
    assert link.is_symlink()
    assert link.read_text() == "new"


def test_a_draft_with_a_log_is_not_whole_and_takes_no_place(database: Path) -> None:
    database.with_name("dcvd.db.restoring-wal").write_text("more")
    with pytest.raises(StoreError, match="could not be written as a whole"):
        commit_replacement(database, NOW)
    assert contents(database)[""] == "old"


def test_what_cannot_be_finished_is_told_and_finished_later(database: Path) -> None:
    commit_replacement(database, NOW)
    (database.parent / "dcvd.db.replaced-20270115T080000Z").mkdir()
    with pytest.raises(StoreError, match="A backup is being restored"):
        finish_replacement(database)
    (database.parent / "dcvd.db.replaced-20270115T080000Z").rmdir()
    finish_replacement(database)
    assert contents(database) == REPLACED
