"""The interpreter that has what we check ourselves against: moto and botocore."""

import os
from pathlib import Path

import pytest


def oracle_python(package: str) -> str:
    """Its path; skips the test where it, or the package, is not there."""
    home = Path(os.environ.get("DCVD_ORACLES", ""))
    if not any(home.glob(f"lib/python3*/site-packages/{package}")):
        pytest.skip(
            f"{package} is not here: pip install it into a virtual environment, and set DCVD_ORACLES to its folder"
        )
    return str(home / "bin" / "python")
