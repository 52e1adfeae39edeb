"""Imports of much at once leave the garbage collector as it was; those of less than there is leave what there is.

Late ones run once, when something is asked of them.
"""

import gc
import os
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from threading import Event
from types import ModuleType
from typing import Any

import pytest

from dcvd.errors import RestartNeeded
from dcvd.kit.imports import Installation, import_late, import_whole, import_without


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


def test_nobody_uses_a_late_module_that_another_thread_has_run_half(package: Path) -> None:
    _write(
        package,
        late="import threading, tardy\ndef add(): return _ONE + 1\ntardy.half.set()\ntardy.go_on.wait(10)\n_ONE = 1",
    )
    import_late(["tardy.late"])
    tardy: Any = sys.modules["tardy"]
    tardy.half, tardy.go_on = Event(), Event()
    with ThreadPoolExecutor(2) as threads:
        sums = [threads.submit(lambda: tardy.late.add())]
        assert tardy.half.wait(10)
        sums.append(threads.submit(lambda: tardy.late.add()))
        # The second one is at it, or waits: it has no chance to be done before the module is.
        done, _ = wait(sums, timeout=0.1, return_when=FIRST_COMPLETED)
        tardy.go_on.set()
        assert [each.result() for each in sums] == [2, 2]
    assert not done


def test_a_late_module_may_stand_in_a_circle_of_imports(package: Path) -> None:
    _write(package, late="import tardy.other\nVALUE = tardy.other.VALUE", other="import tardy.late\nVALUE = 2")
    import_late(["tardy.late"])
    late: Any = sys.modules["tardy.late"]
    assert late.VALUE == 2
    with pytest.raises(AttributeError, match=r"module 'tardy\.late' has no attribute 'missing'"):
        _ = late.missing


def test_a_late_module_that_fails_says_so_each_time(package: Path) -> None:
    """Also of what it had before it failed."""
    _write(package, late="VALUE = 1\nraise ValueError('broken')")
    import_late(["tardy.late"])
    late: Any = sys.modules["tardy.late"]
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            _ = late.VALUE
    _write(package, late="VALUE = 'mended'")
    assert late.VALUE == "mended"


@pytest.mark.parametrize("is_removed", [False, True])
def test_a_late_module_of_another_installation_does_not_run(package: Path, *, is_removed: bool) -> None:
    _write(package, late="VALUE = 1", other="VALUE = 1")
    import_late(["tardy.late", "tardy.other"], Installation(package / "__init__.py"))
    late: Any = sys.modules["tardy.late"]
    other: Any = sys.modules["tardy.other"]
    assert other.VALUE == 1
    (package / "__init__.py").rename(package / "before")
    if not is_removed:
        (package / "__init__.py").touch()
        os.utime(package / "__init__.py", (0, 0))
    with pytest.raises(RestartNeeded, match="restart it"):
        _ = late.VALUE
    assert other.VALUE == 1
    (package / "before").rename(package / "__init__.py")
    assert late.VALUE == 1


def test_a_late_module_that_is_not_there_is_missed_at_once(package: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'tardy\.missing'"):
        import_late(["tardy.missing"])


def test_what_is_imported_already_is_not_late() -> None:
    before = sys.modules["json"]
    import_late(["json"])
    assert sys.modules["json"] is before
