"""Workers share the work of compiling the tests, which takes each of them ten seconds the first time."""

import importlib
from contextlib import suppress
from pathlib import Path

import pytest

_TESTS = Path(__file__).parent


def pytest_sessionstart(session: pytest.Session) -> None:
    """Import all tests before they are collected, each worker beginning at another one: what one compiles, all read.

    Not before hypothesis has its profile, which tests read when they are imported.
    """
    config = session.config
    worker = getattr(config, "workerinput", None)
    if worker is None or config.args != config.getini("testpaths"):
        return
    paths = sorted(_TESTS.rglob("test_*.py"))
    first = len(paths) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for path in paths[first:] + paths[:first]:
        # What cannot be imported is reported when it is collected.
        with suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(path.relative_to(_TESTS.parent).with_suffix("").parts))
