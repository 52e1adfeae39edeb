"""Imports of much at once leave the garbage collector as it was; those of less than there is leave what there is."""

import gc
import sys
from importlib import import_module
from pathlib import Path

import pytest

from dcvd.kit.imports import import_whole, import_without


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
