import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dcvd.sandbox import Sandbox, SandboxSettings
from tests.cli.processes import answer, dcvd
from tests.free_ports import find_free_port

HERE = """
[server]
listen = []
socket = "dcvd.sock"
[database]
path = "dcvd.db"
"""
GOOD = f"""{HERE}
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


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as running:
        yield running


async def online(sandbox: Sandbox, path: Path, *arguments: str, token: str = "sandbox-token", more: str = "") -> Any:
    """`check-config --online` against a sandbox."""
    path.write_text(  # noqa: ASYNC240  # a moment
        f'{HERE}[cloudflare]\nbase_url = "{sandbox.api_url}"\nzone_id = "{sandbox.settings.zone_id}"\n'
        f'cname_target = "edge.sandbox.test"\n[dns]\nresolvers = ["{sandbox.dns_address}"]\n{more}'
    )
    environ = {"CLOUDFLARE_API_TOKEN": token}
    return await asyncio.to_thread(dcvd, "check-config", "--online", *arguments, "--config", str(path), environ=environ)


async def test_online_it_says_of_each_part_whether_it_works(sandbox: Sandbox, path: Path) -> None:
    done = await online(sandbox, path)
    assert (done.returncode, done.stderr) == (0, "")
    told = [line for line in done.stdout.splitlines() if line.startswith("ok ")]
    assert len(told) == 7, done.stdout
    assert "The fallback origin edge.sandbox.test is active." in done.stdout


async def test_online_it_says_what_keeps_hostnames_waiting_with_the_code_69(sandbox: Sandbox, path: Path) -> None:
    sandbox.world.set_fallback(None)
    sandbox.world.plan = "free"
    done = await online(sandbox, path, "--json")
    assert done.returncode == os.EX_UNAVAILABLE
    done.returncode = 0
    report = answer(done)
    assert {each["part"]: each["state"] for each in report["online"]} == {
        "token": "ok", "permission": "ok", "zone": "ok", "quota": "ok", "fallbackOrigin": "failing", "target": "ok",
        "webhooks": "ok",
    }  # fmt: skip
    assert "Its custom hostnames have no choice of CA and no wildcards." in next(
        each["message"] for each in report["online"] if each["part"] == "zone"
    )


async def test_online_it_tries_the_proxy_of_webhooks(sandbox: Sandbox, path: Path) -> None:
    port = find_free_port()
    done = await online(sandbox, path, more=f'[webhooks]\nproxy = "http://127.0.0.1:{port}"\n')
    assert done.returncode == os.EX_UNAVAILABLE
    assert "Webhooks cannot be sent: webhooks.proxy is down, refuses us, or does not reach" in done.stdout


async def test_online_a_wrong_token_is_named_and_not_quoted(sandbox: Sandbox, path: Path) -> None:
    done = await online(sandbox, path, token="wr0ng-token")
    assert done.returncode == os.EX_UNAVAILABLE
    assert "FAILING" in done.stdout
    assert "API token" in done.stdout
    assert "wr0ng" not in done.stdout + done.stderr


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_authorities_that_cannot_be_used_is_an_error(tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    path = tmp_path / "dcvd.toml"
    path.write_text(f'[webhooks]\nca_file = "{ca_file}"\n')
    done = dcvd("check-config", "--config", str(path), environ={**TOKEN, **ZONE})
    assert done.returncode == os.EX_CONFIG
    assert f'webhooks.ca_file is "{ca_file}", which cannot be used: ' in done.stderr


def test_what_the_machine_would_refuse_is_an_error_too(path: Path) -> None:
    path.write_text(
        GOOD.replace('"dcvd.db"', '"missing/dcvd.db"').replace("[server]", '[server]\noperators = ["@no-such"]')
    )
    done = dcvd("check-config", "--config", str(path), environ=TOKEN)
    assert (done.returncode, done.stdout) == (os.EX_CONFIG, "")
    group, database = done.stderr.splitlines()
    assert "'@no-such'" in group
    assert f"there is no directory {path.parent}/missing" in database


def test_an_address_of_every_network_is_warned_of(path: Path) -> None:
    listening = f'listen = ["0.0.0.0:{find_free_port()}", "[::]:{find_free_port()}"]'
    path.write_text(GOOD.replace("listen = []", listening))
    report = answer(dcvd("check-config", "--json", "--config", str(path), environ=TOKEN))
    assert [warning.split(",")[0][:25] for warning in report["warnings"][1:]] == [
        "server.listen has 0.0.0.0", "server.listen has [::]:" + listening.split("[::]:")[1][:2],
    ]  # fmt: skip


async def test_it_may_be_checked_as_another_process_would_that_alone_has_the_secrets(path: Path) -> None:
    path.write_text(GOOD)  # noqa: ASYNC240  # a moment
    credentials = path.parent / "credentials"
    credentials.mkdir()
    (credentials / "cloudflare-token").write_text("s3cret-token")
    (credentials / "cloudflare-token").chmod(0o600)
    other = await asyncio.create_subprocess_exec(
        "sleep", "60", env={"CREDENTIALS_DIRECTORY": str(credentials), "PATH": os.environ["PATH"]}
    )
    try:
        arguments = ("--config", str(path))
        alone = await asyncio.to_thread(dcvd, "check-config", *arguments, environ={})
        assert alone.returncode == os.EX_CONFIG
        as_that = await asyncio.to_thread(dcvd, "check-config", "--process", str(other.pid), *arguments, environ={})
        assert (as_that.returncode, as_that.stderr) == (0, "")
    finally:
        other.kill()
        await other.wait()
    gone = await asyncio.to_thread(dcvd, "check-config", "--process", str(other.pid), *arguments, environ={})
    assert gone.returncode == 1
    assert f"The environment of process {other.pid} cannot be read" in gone.stderr
