"""No secret of a provider's is left in a file or in a log, whichever test handled it.

Every such secret in the tests begins with `MARK`, so one search finds any of them in the clear; those that the sandbox
makes begin with `sandbox_`.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

MARK: Final = "tok-SECRET"
_IN_FILES: Final = re.compile(rb"tok-SECRET|dcv_(?:live|link)_[0-9a-f]{32}|sandbox_[0-9A-Za-z_-]{40}")
_BEGINNINGS: Final = (b"tok-SECRET", b"dcv_live_", b"dcv_link_", b"sandbox_")
"""Bytes are found many times faster than a pattern, in a gigabyte of which nearly all holds none."""
_WRITTEN: Final = (".db", ".db-wal", ".db-journal", ".log", ".backup")


def found_in(folder: Path) -> list[Path]:
    """The databases and logs below a folder that hold a secret in the clear."""
    names = (Path(where, name) for where, _, names in os.walk(folder) for name in names if name.endswith(_WRITTEN))
    return [file for file in names if file.is_file() and _holds_secret(file.read_bytes())]


def _holds_secret(content: bytes) -> bool:
    return any(beginning in content for beginning in _BEGINNINGS) and _IN_FILES.search(content) is not None


@pytest.fixture(scope="session", autouse=True)
def _no_secret_is_left_in_a_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    yield
    left = found_in(tmp_path_factory.getbasetemp())
    assert left == [], "a secret stands in the clear in these files"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A test that lets a secret be logged or printed has failed."""
    report = yield
    logged = [name for name, content in report.sections if MARK in content]  # type: ignore[attr-defined]
    if logged and report.passed:  # type: ignore[attr-defined]
        report.outcome = "failed"  # type: ignore[attr-defined]
        report.longrepr = f"{item.nodeid}: a secret stands in the clear in {', '.join(logged)}"  # type: ignore[attr-defined]
    return report
