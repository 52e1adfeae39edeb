"""The search for secrets finds one."""

from pathlib import Path

from tests.leaks import MARK, found_in


def test_a_secret_in_a_database_or_a_log_is_found_and_nothing_else_is(tmp_path: Path) -> None:
    hidden = f"{MARK[:3]}-hidden"
    for name in ("a.db", "b.db-wal", "c.log", "d.txt"):
        (tmp_path / name).write_text(f"x{hidden}x")
    assert found_in(tmp_path) == []
    (tmp_path / "deep").mkdir()
    leaking = tmp_path / "deep" / "e.db-wal"
    leaking.write_bytes(b"\0\1" + MARK.encode() + b"-1\xff")
    assert found_in(tmp_path) == [leaking]
    leaking.unlink()
