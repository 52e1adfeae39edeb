"""Imports of much at once leave the garbage collector as it was."""

import gc

import pytest

from dcvd.kit.imports import import_whole


def test_the_module_is_returned_and_garbage_is_collected_again() -> None:
    assert import_whole("json.tool").__name__ == "json.tool"
    assert gc.isenabled()


def test_a_module_that_is_not_there_leaves_it_so_too() -> None:
    with pytest.raises(ModuleNotFoundError):
        import_whole("json.no_such_module")
    assert gc.isenabled()
