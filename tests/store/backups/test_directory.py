"""Of the copies in a directory the newest are kept, and never is the one removed that was just made."""

from pathlib import Path

from dcvd.store.backups.directory import choose_file, remove_old

NOW = 1_800_000_000_000


def test_the_newest_are_kept_and_files_of_others_too(tmp_path: Path) -> None:
    made = choose_file(tmp_path, NOW)
    names = ["dcvd-20260101T000000Z.db", "dcvd-20260102T000000Z.db", "notes.db", made.name]
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in remove_old(tmp_path, 2, made)] == names[:1]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


def test_copies_that_a_wrong_clock_has_named_remove_no_new_one(tmp_path: Path) -> None:
    made = choose_file(tmp_path, NOW)
    names = ["dcvd-20260101T000000Z.db", made.name, "dcvd-20300101T000000Z.db", "dcvd-20300102T000000Z.db"]
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in remove_old(tmp_path, 1, made)] == names[:1]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
