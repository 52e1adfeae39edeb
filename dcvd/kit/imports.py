"""Imports of much at once, and of less than there is."""

import gc
import sys
from importlib import import_module
from typing import Any


def import_whole(name: str) -> Any:
    """Import a module with all that it needs. What modules make stays, so no garbage is looked for meanwhile.

    That takes a tenth of the time of a command which imports a web framework.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def import_without(name: str, absent: str) -> None:
    """Import a module as if another one were absent, which it would import only because it is there."""
    if absent in sys.modules:
        import_module(name)
        return
    sys.modules[absent] = None  # type: ignore[assignment]  # so Python has it for a module that there is not
    try:
        import_module(name)
    finally:
        del sys.modules[absent]
