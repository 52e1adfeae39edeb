"""Imports of much at once, of less than there is, and of what is not needed yet."""

import gc
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any, Final


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


class _LateModule(ModuleType):
    """A module that runs when somebody asks for what it does not have yet.

    The standard library's LazyLoader runs one as soon as a second module imports it.
    """

    def __getattr__(self, name: str) -> Any:
        # Another thread waits until the module has run; the same one may ask, in a circle of imports, while it does.
        with _RUNNING:
            if type(self) is _LateModule and self.__name__ not in _running:
                _running.add(self.__name__)
                try:
                    self.__spec__.loader.exec_module(self)  # type: ignore[union-attr]  # `import_late` saw them
                    self.__class__ = ModuleType  # type: ignore[assignment]
                finally:
                    _running.remove(self.__name__)
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=self) from None


_RUNNING: Final = RLock()
_running: Final = set[str]()


def import_late(names: Iterable[str]) -> None:
    """Have modules run when something in them is first used. Raises ModuleNotFoundError for one that there is not.

    They are late only where all import them whole (`import a.b`, `from a import b`) and use them in functions.
    """
    for name in names:
        if name in sys.modules:
            continue
        spec = find_spec(name)
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = module_from_spec(spec)
        module.__class__ = _LateModule
        sys.modules[name] = module
        package, _, own_name = name.rpartition(".")
        if package:
            setattr(sys.modules[package], own_name, module)
