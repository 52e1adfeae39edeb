"""`python -m tests.sweep [NAME...]`: makes the faults of the machine, one after the other, with a line for each.

NAME is a part of the names of scenarios, or of their files; without one all are made. The suite makes a sample.
"""

import sys
from pathlib import Path
from typing import Final

import pytest

_DIRECTORY: Final = Path(__file__).parent


def main(names: list[str]) -> int:
    """Return pytest's exit code."""
    chosen = ["-k", " or ".join(names)] if names else []
    return int(pytest.main(["-n", "0", "-m", "", "-v", "--no-header", *chosen, str(_DIRECTORY)]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
