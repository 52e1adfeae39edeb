"""A new file is there whole, or not at all, and takes nobody's place."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dcvd.kit.new_file import create_file


def _make(path: Path, make: Callable[[Path], object]) -> None:
    with create_file(path) as draft:
        make(draft)


def test_it_is_private_from_its_first_moment_and_takes_its_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "new"
    with create_file(path) as draft:
        assert draft.parent == tmp_path
        assert draft.stat().st_mode & 0o777 == 0o600
        draft.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["new"]


def test_nothing_stays_when_its_making_fails(tmp_path: Path) -> None:
    def half(draft: Path) -> None:
        draft.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _make(tmp_path / "new", half)
    assert os.listdir(tmp_path) == []


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file system can have a second link. Tests may mount none of that kind, so the system's own call is replaced,
    as far out as Python goes."""

    def refuse(*_arguments: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
def test_a_file_that_is_there_or_comes_meanwhile_is_kept(
    links: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not links:
        request.getfixturevalue("no_links")
    path = tmp_path / "new"
    with pytest.raises(FileExistsError):
        _make(path, lambda draft: path.write_text("theirs"))
    with pytest.raises(FileExistsError):
        _make(path, lambda draft: draft.write_text("mine"))
    assert path.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["new"]


def test_a_link_that_leads_nowhere_is_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        _make(tmp_path / "new", lambda draft: draft.write_text("mine"))
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.usefixtures("no_links")
def test_a_file_system_without_links_will_do(tmp_path: Path) -> None:
    _make(tmp_path / "new", lambda draft: draft.write_text("whole"))
    assert (tmp_path / "new").read_text() == "whole"
    assert os.listdir(tmp_path) == ["new"]


def test_the_content_is_on_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only the system knows what it has on disk, so what is asked of it is noted, as far out as Python goes.
    path, done = tmp_path / "new", []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        fsync(descriptor)
        done.append((os.readlink(f"/proc/self/fd/{descriptor}"), path.exists()))

    monkeypatch.setattr(os, "fsync", watched)
    with create_file(path) as draft:
        draft.write_text("whole")
    assert done == [(str(draft), False), (str(tmp_path), True)]


_HOLD = """
import sys, time
from pathlib import Path
from dcvd.kit.new_file import create_file
with create_file(Path(sys.argv[1])) as draft:
    draft.write_text("half")
    print(draft.name, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_another_works_on_is_not(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path / "first")], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            draft = process.stdout.readline().strip()
            _make(tmp_path / "second", lambda new: new.write_text("whole"))
            assert sorted(os.listdir(tmp_path)) == sorted([draft, "second"])
        finally:
            process.kill()
    _make(tmp_path / "third", lambda new: new.write_text("whole"))
    assert sorted(os.listdir(tmp_path)) == ["second", "third"]


def test_two_drafts_of_one_process_stand_beside_each_other(tmp_path: Path) -> None:
    with create_file(tmp_path / "first") as first, create_file(tmp_path / "second") as second:
        first.write_text("1")
        second.write_text("2")
    assert [(tmp_path / name).read_text() for name in ("first", "second")] == ["1", "2"]


def test_a_draft_of_nobody_that_cannot_be_opened_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".dcvd-draft-link").symlink_to(tmp_path / "elsewhere")
    _make(tmp_path / "new", lambda draft: draft.write_text("whole"))
    assert sorted(os.listdir(tmp_path)) == [".dcvd-draft-link", "new"]
