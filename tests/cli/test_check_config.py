import os
from pathlib import Path

import pytest

from tests.cli.processes import answer, dcvd

GOOD = """
[cloudflare]
base_url = "http://cloudflare.example/client/v4"
zone_id = "0123456789abcdef0123456789abcdef"
cname_target = "edge.example.net"
"""
BAD = """
[server]
lisen = []
[webhooks]
timeout = "5 parsecs"
"""
TOKEN = {"CLOUDFLARE_API_TOKEN": "s3cret-token"}
ZONE = {"CLOUDFLARE_ZONE_ID": "0123456789abcdef0123456789abcdef", "SAAS_CNAME_TARGET": "edge.example.net"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dcvd.toml"


def test_every_problem_is_a_line_on_stderr_and_the_code_78(path: Path) -> None:
    path.write_text(BAD)
    done = dcvd("check-config", "--config", str(path), environ={**TOKEN, **ZONE})
    assert (done.returncode, done.stdout) == (os.EX_CONFIG, "")
    first, second = done.stderr.splitlines()
    assert "server.lisen" in first
    assert "webhooks.timeout" in second


def test_problems_as_json_leave_stderr_alone(path: Path) -> None:
    path.write_text(BAD)
    done = dcvd("check-config", "--json", "--config", str(path), environ={**TOKEN, **ZONE})
    assert (done.returncode, done.stderr) == (os.EX_CONFIG, "")
    done.returncode = 0
    report = answer(done)
    assert (report["valid"], len(report["problems"]), report["fromEnvironment"]) == (False, 2, [])


def test_a_valid_one_names_what_came_from_the_environment_but_no_secret(path: Path) -> None:
    path.write_text(GOOD)
    done = dcvd("check-config", environ={**TOKEN, "DCVD_CONFIG": str(path)})
    assert (done.returncode, done.stderr) == (0, "")
    valid, from_environment, warning = done.stdout.splitlines()
    assert valid == f"{path} is valid."
    assert from_environment == "From the environment: CLOUDFLARE_API_TOKEN"
    assert warning.startswith("Warning: cloudflare.base_url http://cloudflare.example/client/v4 is plain http")
    assert "s3cret" not in done.stdout


def test_a_valid_one_as_json(path: Path) -> None:
    path.write_text(GOOD)
    report = answer(dcvd("check-config", "--json", "--config", str(path), environ=TOKEN))
    assert (report["valid"], report["problems"]) == (True, [])
    assert report["fromEnvironment"] == ["CLOUDFLARE_API_TOKEN"]
    assert len(report["warnings"]) == 1
