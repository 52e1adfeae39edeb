"""`dcvd import-cloudflare`, as operators call it, with a daemon and without, against a sandbox."""

import asyncio
import json
import os
import pty
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from dcvd.core.instants import DAY
from dcvd.sandbox import Sandbox
from dcvd.sandbox.hostnames.lifecycle import ForcedStateChange
from tests.cli.sandbox_house import SandboxHouse, sandbox_running
from tests.cli.terminal.terminals import run_in_terminal
from tests.waiting import until
from tests.warm.process import start

UPLOAD = {"method": "http", "type": "dv", "custom_certificate": "PEM", "custom_key": "KEY"}


class Place(SandboxHouse):
    def imported(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        return self.run("import-cloudflare", "--org", "Acme", *arguments, code=code)


async def _upload(sandbox: Sandbox, name: str) -> None:
    url = f"{sandbox.api_url}/zones/{sandbox.settings.zone_id}/custom_hostnames"
    headers = {"Authorization": f"Bearer {sandbox.settings.token}"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        await session.post(url, json={"hostname": name, "ssl": UPLOAD})


async def _has_started(log: Path) -> bool:
    return '"daemon.started"' in await asyncio.to_thread(log.read_text)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@contextmanager
def _placed(sandbox: Sandbox) -> Iterator[Place]:
    """With three hostnames, one of which has a certificate of its own, and one that is another organization's."""
    # A socket's path is short by law, which pytest's own directories may not be.
    with tempfile.TemporaryDirectory(prefix="dcvd-test-") as directory:
        place = Place(Path(directory), sandbox)
        place.given(lambda operations: operations.create_organization("Acme"))
        place.given(lambda operations: operations.create_organization("Other"))
        if not sandbox.world.requests["POST /zones/{zone_id}/custom_hostnames"]:
            for name in ("plain.customer.test", "other.customer.test"):
                place.register(name)
            asyncio.run(_upload(sandbox, "own.customer.test"))
        place.run("orphans", "adopt", "other.customer.test", "--org", "Other")
        yield place


@pytest.fixture
def place(sandbox: Sandbox) -> Iterator[Place]:
    """No daemon runs in it."""
    with _placed(sandbox) as place:
        yield place


@pytest.fixture
def served_place(place: Place) -> Iterator[Place]:
    """Its daemon runs."""
    log = place.database.with_name("log")
    with log.open("wb") as written:
        daemon = start(["serve", "--config", str(place.config)], environ=place.environ, stdout=written, stderr=written)
    try:
        asyncio.run(until(lambda: _has_started(log), seconds=60))
        yield place
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60) == 0
    finally:
        daemon.kill()


@pytest.fixture(params=["place", "served_place"])
def either(request: pytest.FixtureRequest) -> Place:
    """Both in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Place)
    return found


def test_a_dry_run_says_hostname_by_hostname_what_comes_along_and_why_not(place: Place) -> None:
    out, err = place.imported("--dry-run")
    lines = out.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["HOSTNAME", "OUTCOME", "AS"],
        ["plain.customer.test", "would", "be", "adopted", "pending_cname,", "http"],
        ["own.customer.test", "would", "be", "adopted", "pending_cname,", "http,", "only", "read"],
    ]
    assert "other.customer.test" not in out
    assert lines[-1] == "1 hostname belongs to Other: left as it is."
    assert "own.customer.test is only read at Cloudflare and not changed, because it has a certificate of" in out
    assert err == ""
    assert place.rows("SELECT count(*) FROM domains") == [(1,)]


def test_what_can_be_is_adopted_and_a_second_run_finds_it_there(either: Place) -> None:
    out, err = either.imported()
    assert [line.split() for line in out.splitlines()] == [
        ["Hostnames", "for", "Acme:"],
        ["OUTCOME", "HOSTNAMES"],
        ["adopted", "2"], ["of", "these", "only", "read", "1"], ["other", "organizations'", "1"],
        ["1", "hostname", "belongs", "to", "Other:", "left", "as", "it", "is."],
    ]  # fmt: skip
    assert "other.customer.test" not in err
    assert either.rows("SELECT name, read_only FROM domains WHERE awaits_first_check = 1 OR 1 ORDER BY name") == [
        ("other.customer.test", None), ("own.customer.test", "custom_certificate"), ("plain.customer.test", None),
    ]  # fmt: skip
    out, _ = either.imported("--json", "--exclude", "other.*")
    found = json.loads(out)
    assert [(each["hostname"], each["outcome"]) for each in found["results"]] == [
        ("plain.customer.test", "exists"), ("own.customer.test", "exists"),
    ]  # fmt: skip
    assert (found["summary"]["exists"], found["summary"]["left"], found["error"]) == (2, 1, None)
    (other,) = json.loads(either.imported("--json", "--match", "other.*")[0])["results"]
    assert (other["outcome"], other["owner"]["name"]) == ("of_another", "Other")


async def _serves(sandbox: Sandbox, name: str) -> bool:
    url = f"{sandbox.api_url}/zones/{sandbox.settings.zone_id}/custom_hostnames"
    headers = {"Authorization": f"Bearer {sandbox.settings.token}"}
    async with (
        aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
        session.get(url, params={"hostname.exact": name}) as response,
    ):
        (found,) = (await response.json())["result"]
    return bool(found["status"] == found["ssl"]["status"] == "active")


def test_without_a_daemon_too_the_answer_of_cloudflare_confirms_the_time(place: Place, sandbox: Sandbox) -> None:
    """An expiry that is near was so before the import, and is not warned of later."""
    name = "soon.customer.test"
    sandbox.set_dns(name, "CNAME", ["edge.sandbox.test."])
    place.register(name)
    try:
        asyncio.run(until(lambda: _serves(sandbox, name), seconds=30))
        sandbox.world.force(name, ForcedStateChange(expires_on=sandbox.world.clock.now() + 5 * DAY))
        place.imported("--match", "soon.*")
    finally:
        sandbox.world.delete(name)
    assert place.rows(f"SELECT status, expiry_warnings = '[]' FROM domains WHERE name = '{name}'") == [("active", 0)]


def test_names_of_a_file_are_adopted_and_those_that_the_zone_lacks_are_told(place: Place, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("# ours\nPlain.customer.test.\n\nnowhere.customer.test  # gone\n")
    _, err = place.imported("--only", str(names), code=1)
    assert err == "nowhere.customer.test: The zone at Cloudflare has no hostname nowhere.customer.test.\n"
    assert place.rows("SELECT count(*) FROM domains") == [(2,)]


def test_a_dry_run_fits_a_narrow_terminal(place: Place) -> None:
    command = ["import-cloudflare", "--org", "Acme", "--dry-run", "--config", str(place.config)]
    for columns in (60, 120):
        done = run_in_terminal(*command, columns=columns, environ=place.environ)
        assert done.code == 0
        assert max(map(len, done.lines)) <= columns


def test_an_organization_that_is_not_there_and_a_pattern_without_a_hostname_are_told(place: Place) -> None:
    assert "There is no organization" in place.run("import-cloudflare", "--org", "Nobody", code=1)[1]
    out, err = place.imported("--match", "*.nowhere.test")
    assert (out, err) == ("", "The zone has no hostname that is meant.\n")


def test_a_cloudflare_that_cannot_be_reached_is_told_in_the_end(tmp_path: Path, sandbox: Sandbox) -> None:
    place = Place(tmp_path, sandbox)
    place.given(lambda operations: operations.create_organization("Acme"))
    place.environ = {**place.environ, "CLOUDFLARE_API_TOKEN": "wrong-token"}
    out, _ = place.imported("--json", code=1)
    assert json.loads(out)["error"]["code"] == "cloudflare_unauthorized"
    _, err = place.imported(code=1)
    assert "The import ended early: Cloudflare answered GET" in err
    assert err.endswith("on the zone. Run it again for the rest.\n")
    end = err[err.index("The import ended early") :]
    assert "It is tried again" not in out + end + place.run("orphans", "list", code=1)[1]


def test_without_a_token_the_command_names_the_key(tmp_path: Path, sandbox: Sandbox) -> None:
    place = Place(tmp_path, sandbox)
    place.given(lambda operations: operations.create_organization("Acme"))
    place.environ = {name: value for name, value in place.environ.items() if name != "CLOUDFLARE_API_TOKEN"}
    assert "cloudflare.api_token_file is not set" in place.imported(code=1)[1]
    _, err = place.imported("--json", code=1)
    assert json.loads(err)["error"]["code"] == "not_set_up"


def test_a_terminal_shows_how_far_it_is_and_nothing_of_that_in_the_end(place: Place) -> None:
    ours, theirs = pty.openpty()
    command = ["import-cloudflare", "--org", "Acme", "--dry-run", "--config", str(place.config)]
    with open(theirs, "wb", buffering=0) as terminal, open(os.devnull, "wb") as nowhere:
        process = start(command, environ=place.environ, stdout=nowhere, stderr=terminal)
    shown = b""
    with open(ours, "rb", buffering=0) as screen, suppress(OSError):  # Linux says EIO once nobody has the other side
        while piece := screen.read(1 << 16):
            shown += piece
    assert process.wait(60) == 0
    assert b"\r\x1b[KPage 1 of 1, 3 hostnames" in shown
    assert shown.endswith(b"\r\x1b[K")
