"""A file that was put in place is replaced by a newer one unless somebody changed it, and never left half written."""

from pathlib import Path

from dcvd.cli.setup.placed_files import PlacedFile, Placement, place, place_link, plan


def unit(path: Path, text: str = "[Service]\n") -> PlacedFile:
    """A file of ours, which later versions replace."""
    return PlacedFile(path / "etc" / "a.service", text, is_ours=True)


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    assert place(unit(tmp_path)) is Placement.WRITTEN
    first = unit(tmp_path).path.stat()
    assert place(unit(tmp_path)) is Placement.UNCHANGED
    assert unit(tmp_path).path.stat().st_mtime_ns == first.st_mtime_ns


def test_a_newer_one_replaces_what_nobody_changed(tmp_path: Path) -> None:
    place(unit(tmp_path))
    assert place(unit(tmp_path, "[Service]\nType=notify\n")) is Placement.REPLACED
    assert unit(tmp_path).path.read_text().endswith(").\n[Service]\nType=notify\n")
    assert list(unit(tmp_path).path.parent.iterdir()) == [unit(tmp_path).path]


def test_a_newer_one_leaves_what_somebody_changed_or_wrote(tmp_path: Path) -> None:
    file = unit(tmp_path)
    place(file)
    changed = file.path.read_text() + "Nice=5\n"
    for theirs in (changed, "[Service]\n"):
        file.path.write_text(theirs)
        assert place(unit(tmp_path, "[Service]\nType=notify\n")) is Placement.KEPT
        assert file.path.read_text() == theirs


def test_a_configuration_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.toml"
    assert place(PlacedFile(path, "a = 1\n", mode=0o600)) is Placement.WRITTEN
    assert path.stat().st_mode & 0o777 == 0o600
    assert place(PlacedFile(path, "a = 2\n")) is Placement.KEPT
    assert path.read_text() == "a = 1\n"


def test_a_plan_is_what_is_done_then_and_does_nothing_itself(tmp_path: Path) -> None:
    file = unit(tmp_path)
    assert plan(file) is Placement.WRITTEN
    assert list(tmp_path.iterdir()) == []
    place(file)
    assert plan(file) is Placement.UNCHANGED
    assert plan(unit(tmp_path, "")) is Placement.REPLACED


def test_a_link_is_made_once_and_anything_else_there_is_left(tmp_path: Path) -> None:
    link = tmp_path / "bin" / "dcvd"
    assert place_link(link, Path("/opt/dcvd/bin/dcvd")) is Placement.WRITTEN
    assert place_link(link, Path("/opt/dcvd/bin/dcvd")) is Placement.UNCHANGED
    assert place_link(link, Path("/opt/other/bin/dcvd")) is Placement.KEPT
    assert str(link.readlink()) == "/opt/dcvd/bin/dcvd"
