"""Who may go to the database, and what is said to the others."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from dcvd.cli.operations import api_client, perform
from dcvd.errors import Forbidden
from dcvd.kit.lockfile import LockFile
from tests.cli.processes import House

NOBODY = 65534


def test_a_database_that_another_process_holds_is_refused_with_75_naming_it(house: House) -> None:
    with asyncio.run(LockFile.acquire(house.lock)):
        done = house.dcvd("org", "list", "--json")
    assert (done.returncode, done.stdout) == (os.EX_TEMPFAIL, "")
    assert len(done.stderr.splitlines()) == 1
    assert f"locked by process {os.getpid()} (" in done.stderr


def test_a_stale_socket_leads_to_the_database(house: House) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(house.socket))
    house.given_a_database()
    assert house.json("org", "list") == {"organizations": []}


def test_a_database_in_a_directory_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.config.write_text(house.config.read_text().replace(str(house.database), str(tmp_path / "none" / "dcvd.db")))
    done = house.dcvd("org", "create", "Acme")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"The directory {tmp_path}/none of the database is not there: create it for the user that dcvd runs as, or "
        "change database.path.\n"
    )
    assert not (tmp_path / "none").exists()


def test_a_link_to_the_database_meets_the_lock_of_the_file_itself(house: House) -> None:
    house.given_a_database()
    real = house.database.rename(house.database.with_name("real.db"))
    house.database.symlink_to(real)
    with asyncio.run(LockFile.acquire(house.database.with_name("real.db.lock"))):
        assert house.dcvd("org", "list").returncode == os.EX_TEMPFAIL


def test_what_is_created_belongs_to_the_owner_of_the_directory_also_when_root_creates_it(house: House) -> None:
    # Root alone can work in a directory of somebody else's; everybody else's is their own.
    owner = NOBODY if os.geteuid() == 0 else os.geteuid()
    os.chown(house.config.parent, owner, -1)
    assert house.json("org", "create", "Acme")["organization"]["name"] == "Acme"
    assert {path.name: path.stat().st_uid for path in (house.database, house.lock)} == {
        "dcvd.db": owner,
        "dcvd.db.lock": owner,
    }


def test_a_socket_that_is_not_for_us_asks_for_sudo() -> None:
    directory = Path(tempfile.mkdtemp(prefix="dcvd-test-"))
    path = directory / "dcvd.sock"
    try:
        directory.chmod(0o755)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            path.chmod(0)
            with _without_privileges(), pytest.raises(Forbidden, match=f"You may not connect .*{path}.*sudo"):
                asyncio.run(api_client.has_listener(path))
    finally:
        shutil.rmtree(directory)


def test_a_daemon_that_was_starting_when_the_lock_was_tried_is_asked_instead(house: House) -> None:
    looks = iter([False, True])

    async def is_listening(path: Path) -> bool:
        return next(looks)

    def list_names() -> list[str]:
        found = perform(house.config, lambda operations: operations.list_organizations(), is_listening=is_listening)
        return [each.name for each in found]

    async def started_daemon(request: web.Request) -> web.Response:
        return web.json_response(
            {"organizations": [{"id": "org_1", "name": "Acme", "createdAt": "2026-01-01", "status": "active"}]}
        )

    async def ask() -> list[str]:
        application = web.Application()
        application.router.add_get("/operator/organizations", started_daemon)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.UnixSite(runner, str(house.socket)).start()
        try:
            return await asyncio.to_thread(list_names)
        finally:
            await runner.cleanup()

    with asyncio.run(LockFile.acquire(house.lock)):
        assert asyncio.run(ask()) == ["Acme"]


@contextmanager
def _without_privileges() -> Iterator[None]:
    """Root may connect anywhere; for a moment we are nobody."""
    user = os.geteuid()
    if user != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
