"""Others' generators make clients of the document without a warning."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.sweep, pytest.mark.timeout(300)]


@pytest.fixture
def written(document: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    return path


def _find(variable: str, program: str, package: str) -> Path:
    """The program of an oracle; skips the test where it is not there."""
    path = Path(os.environ.get(variable, "")) / program
    if variable not in os.environ or not path.exists():
        pytest.skip(f"{package} is not here: install it, and set {variable} to its folder")
    return path


def test_openapi_typescript_makes_types_that_its_compiler_takes(written: Path) -> None:
    generator = _find("DCVD_NODE_MODULES", ".bin/openapi-typescript", "openapi-typescript")
    compiler = _find("DCVD_NODE_MODULES", ".bin/tsc", "typescript")
    types = written.with_name("api.ts")
    done = subprocess.run([generator, written, "-o", types], capture_output=True, text=True, check=True, timeout=140)
    assert "warn" not in (done.stdout + done.stderr).lower()
    subprocess.run([compiler, "--noEmit", "--strict", types], check=True, timeout=140)
    assert "createDomain" in types.read_text()


def test_openapi_python_client_makes_a_client_of_everything_but_bodies_of_lines(written: Path) -> None:
    generator = _find("DCVD_API_ORACLES", "bin/openapi-python-client", "openapi-python-client")
    done = subprocess.run(
        [generator, "generate", "--path", written, "--output-path", written.with_name("client")],
        capture_output=True,
        text=True,
        check=True,
        timeout=140,
        # It runs ruff, which stands beside it.
        env={**os.environ, "PATH": f"{generator.parent}:{os.environ['PATH']}"},
    )
    said = done.stdout + done.stderr
    warned = re.findall(r"WARNING parsing (.*) within", said)
    assert warned == ["POST /api/domains/bulk", "POST /api/domains/bulk/delete"], said
    assert said.count("Unsupported content type application/x-ndjson") == len(warned)
    assert said.count("WARNING") == len(warned), said
