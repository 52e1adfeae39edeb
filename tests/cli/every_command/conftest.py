import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.every_command.houses import ENVIRON, make_house
from tests.cli.every_command.outside import Outside, outside_running
from tests.cli.every_command.place import Place
from tests.cli.every_command.things import add_connection, seed
from tests.cli.processes import House
from tests.cli.serving import serving

_BACKLOG = 4096


@contextmanager
def _house(outside: Outside) -> Iterator[House]:
    # A socket's path is short by law, which pytest's own directories may not be.
    with tempfile.TemporaryDirectory(prefix="dcvd-test-") as directory:
        yield make_house(Path(directory), outside)


@contextmanager
def _copy(outside: Outside, original: Place) -> Iterator[House]:
    """A house with a copy of another one's database."""
    with _house(outside) as house:
        with (
            closing(sqlite3.connect(original.house.database)) as source,
            closing(sqlite3.connect(house.database)) as copy,
        ):
            source.backup(copy)
        shutil.copymode(original.house.database, house.database)
        yield house


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    with outside_running() as running:
        yield running


@pytest.fixture(scope="module")
def up(outside: Outside) -> Iterator[Place]:
    """A daemon runs."""
    with _house(outside) as house, serving(house, ENVIRON) as url:
        values = house.given(seed)
        yield Place("up", house, values | {"connection": add_connection(house, values["org_id"]), "api": url})


@pytest.fixture(scope="module")
def down(outside: Outside, up: Place) -> Iterator[Place]:
    """No daemon runs; the database is a copy of what the other one had at its start."""
    with _copy(outside, up) as house:
        yield Place("down", house, up.values)


@pytest.fixture(scope="module")
def silent(outside: Outside, up: Place) -> Iterator[Place]:
    """A daemon accepts connections, and never answers."""
    with _copy(outside, up) as house, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(house.socket))
        listener.listen(_BACKLOG)
        yield Place("silent", house, up.values, {"DCVD_TIMEOUT": "100ms"})


@pytest.fixture(scope="module")
def forbidden(outside: Outside, up: Place) -> Iterator[Place]:
    """A daemon's socket is not for this user."""
    with _copy(outside, up) as house:
        private = house.config.with_name("private")
        private.mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(private / "dcvd.sock"))
            listener.listen(_BACKLOG)
            text = house.config.read_text().replace(str(house.socket), str(private / "dcvd.sock"))
            house.config.write_text(text)
            private.chmod(0)
            yield Place("forbidden", house, up.values)
            private.chmod(0o700)
