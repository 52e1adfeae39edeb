"""Imports of much at once, of less than there is, and of what is not needed yet."""

import gc
import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, Final

from dcvd.errors import RestartNeeded


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


class Installation:
    """Whether a program's files are still those of which it was started.

    What is imported later may stem from another version, and would be mixed with what has been imported. An upgrade
    that the configuration does not suit leaves an old daemon running on new files for as long as nobody corrects that.
    """

    def __init__(self, file: Path) -> None:
        """`file`: one that is written anew by every installation."""
        self._file = file
        self._identity = self._identify()

    def check(self) -> None:
        """Raise RestartNeeded where the program was replaced or removed."""
        if self._identify() != self._identity:
            raise RestartNeeded(
                "dcvd was upgraded or removed while this daemon ran, which had not yet loaded all that this takes;"
                " restart it."
            )

    def _identify(self) -> tuple[int, int, int] | None:
        try:
            status = self._file.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size


INSTALLATION: Final = Installation(Path(__file__).parents[1] / "__init__.py")
"""That of dcvd."""


class _LateModule(ModuleType):
    """A module that runs when somebody asks for anything but what the import system gave it.

    The standard library's LazyLoader runs one as soon as a second module imports it.
    """

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("__"):
            _run(self)
        return ModuleType.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        _run(self)
        return ModuleType.__getattribute__(self, name)


_RUNNING: Final = RLock()
_running: Final = set[str]()


def _run(module: ModuleType) -> None:
    # Another thread waits until the module has run; the same one may ask, in a circle of imports, while it does.
    with _RUNNING:
        if type(module) is not _LateModule or module.__name__ in _running:
            return
        spec: Any = module.__spec__
        spec.loader_state.check()
        _running.add(module.__name__)
        try:
            spec.loader.exec_module(module)
            module.__class__ = ModuleType  # type: ignore[assignment]
        finally:
            _running.remove(module.__name__)


def import_late(names: Iterable[str], installation: Installation = INSTALLATION) -> None:
    """Have modules run when something in them is first used. Raises ModuleNotFoundError for one that there is not.

    They are late only where all import them whole (`import a.b`, `from a import b`) and use them in functions. Such a
    use raises what the module raises when it runs, and RestartNeeded once the installation was replaced.
    """
    for name in names:
        if name in sys.modules:
            continue
        spec = find_spec(name)
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = module_from_spec(spec)
        spec.loader_state = installation
        module.__class__ = _LateModule
        sys.modules[name] = module
        package, _, own_name = name.rpartition(".")
        if package:
            setattr(sys.modules[package], own_name, module)
