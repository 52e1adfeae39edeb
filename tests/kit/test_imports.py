"""Imports of much at once leave the garbage collector as it was; those of less than there is leave what there is.

Late ones run once, when something is asked of them.
"""

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from dcvd.kit.imports import import_late, import_whole, import_without


def test_the_module_is_returned_and_garbage_is_collected_again() -> None:
    assert import_whole("json.tool").__name__ == "json.tool"
    assert gc.isenabled()


def test_a_module_that_is_not_there_leaves_it_so_too() -> None:
    with pytest.raises(ModuleNotFoundError):
        import_whole("json.no_such_module")
    assert gc.isenabled()


def test_a_module_is_imported_as_if_another_were_absent_which_is_there_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "dispensable.py").touch()
    (tmp_path / "frugal.py").write_text("try:\n    import dispensable\nexcept ImportError:\n    dispensable = None\n")
    import_without("frugal", "dispensable")
    assert sys.modules["frugal"].dispensable is None
    assert import_module("dispensable").__name__ == "dispensable"
    for name in ("frugal", "dispensable"):
        monkeypatch.delitem(sys.modules, name)


def test_what_is_imported_already_is_no_longer_absent() -> None:
    before = sys.modules["json"]
    import_without("json.tool", "json")
    assert sys.modules["json"] is before


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of a package `tardy`, whose modules are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "tardy"
    folder.mkdir()
    (folder / "__init__.py").touch()
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "tardy"]:
        del sys.modules[name]


def _write(package: Path, **texts: str) -> None:
    for name, text in texts.items():
        (package / f"{name}.py").write_text(dedent(text))


def test_a_late_module_runs_when_something_of_it_is_used_and_not_when_it_is_imported(package: Path) -> None:
    _write(
        package,
        late="VALUE = 1",
        whole="import tardy.late\ndef use(): return tardy.late.VALUE",
        part="from tardy import late\ndef use(): return late.VALUE",
    )
    import_late(["tardy.late"])
    whole: Any = import_module("tardy.whole")
    part: Any = import_module("tardy.part")
    assert "VALUE" not in vars(sys.modules["tardy.late"])
    assert (whole.use(), part.use()) == (1, 1)
    assert type(sys.modules["tardy.late"]) is ModuleType


def test_a_late_module_runs_once_for_threads_that_use_it_at_once(package: Path) -> None:
    _write(
        package,
        late="import time\ntime.sleep(0.05)\nimport tardy\ntardy.runs = getattr(tardy, 'runs', 0) + 1\nVALUE = 1",
    )
    import_late(["tardy.late"])
    late: Any = sys.modules["tardy.late"]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: late.VALUE, range(8))) == [1] * 8
    assert vars(sys.modules["tardy"])["runs"] == 1


def test_a_late_module_may_stand_in_a_circle_of_imports(package: Path) -> None:
    _write(package, late="import tardy.other\nVALUE = tardy.other.VALUE", other="import tardy.late\nVALUE = 2")
    import_late(["tardy.late"])
    late: Any = sys.modules["tardy.late"]
    assert late.VALUE == 2
    with pytest.raises(AttributeError, match=r"module 'tardy\.late' has no attribute 'missing'"):
        _ = late.missing


def test_a_late_module_that_fails_says_so_each_time(package: Path) -> None:
    _write(package, late="raise ValueError('broken')")
    import_late(["tardy.late"])
    late: Any = sys.modules["tardy.late"]
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            _ = late.VALUE


def test_a_late_module_that_is_not_there_is_missed_at_once(package: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'tardy\.missing'"):
        import_late(["tardy.missing"])


def test_what_is_imported_already_is_not_late() -> None:
    before = sys.modules["json"]
    import_late(["json"])
    assert sys.modules["json"] is before
