import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd.machine import Machine, why_none_boots

CONFIG = """
[cloudflare]
base_url = "http://127.0.0.1:9"
zone_id = "0123456789abcdef0123456789abcdef"
cname_target = "edge.example.net"
"""


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which dcvd was put in place as the README says."""
    if reason := why_none_boots():
        pytest.skip(reason)
    machine = Machine(Path(os.environ["DCVD_DEBIAN"]), tmp_path_factory.mktemp("machine") / "console.log")
    try:
        installed = machine.call(
            "/opt/dcvd/bin/dcvd", "install", "--token-file=-", "--zone-id=0123456789abcdef0123456789abcdef",
            "--cname-target=edge.example.net", given="token-of-the-test\n",
        )  # fmt: skip
        assert "Cloudflare, token: " in installed.stdout, installed.stdout + installed.stderr
        yield machine
    finally:
        machine.end()


@pytest.fixture
def machine(booted: Machine) -> Machine:
    """The same with the units as they are, and a daemon that serves."""
    booted.run("systemctl", "stop", "dcvd.socket", "dcvd.service", check=False)
    booted.run("rm", "-rf", "/etc/systemd/system/dcvd.service.d")
    booted.write("/etc/dcvd/dcvd.toml", CONFIG)
    booted.run("systemctl", "daemon-reload")
    booted.run("systemctl", "reset-failed")
    booted.run("systemctl", "start", "dcvd.service")
    return booted
