"""The tests, and the programs that they run."""

import os
import sys
from pathlib import Path

if sys.dont_write_bytecode:
    # Where Python may leave no compiled files beside the source, each of the many processes that the tests start would
    # compile all of it again: they share a folder of pytest's instead.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parent.parent / ".pytest_cache" / "bytecode")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
