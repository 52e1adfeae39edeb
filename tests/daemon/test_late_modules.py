"""What a daemon imports late is late: no other module takes anything out of it while it is imported itself.

Neither do the pages, which a thread imports: it would wait for a module that waits for it.
"""

import subprocess
import sys
from importlib import import_module

import pytest

from dcvd.__main__ import LATE_MODULES

_PROGRAM = """
import sys
from dcvd.__main__ import LATE_MODULES
from dcvd.kit import imports
imports.import_without("structlog", "rich")
imports.import_late(LATE_MODULES)
import dcvd.cli.main, dcvd.cli.serve, dcvd.web.routes
print(*(name for name in LATE_MODULES if type(sys.modules[name]).__name__ != "_LateModule"))
for name in LATE_MODULES:
    hasattr(sys.modules[name], "any_name_at_all")
print(*(name for name in LATE_MODULES if type(sys.modules[name]).__name__ != "module"))
"""

_GERMAN_PROGRAM = """
import sys
from dcvd.kit import imports
imports.import_late(["dcvd.core.sentences.german"])
from dcvd.web.entrance import PAGE_ENTRANCE
PAGE_ENTRANCE.load()
print(type(sys.modules["dcvd.core.sentences.german"]).__name__)
"""


def test_pages_come_with_every_language_for_what_fails_once_they_were_replaced() -> None:
    done = subprocess.run([sys.executable, "-c", _GERMAN_PROGRAM], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("module\n", "")


def test_a_daemon_runs_no_late_module_with_its_start_and_each_runs_later() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("\n\n", "")


@pytest.mark.parametrize("name", LATE_MODULES)
def test_each_late_module_can_be_imported(name: str) -> None:
    assert import_module(name).__name__ == name
