import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.every_command.place import ENVIRON, Place, make_house, seed
from tests.cli.serving import serving

_BACKLOG = 4096


@pytest.fixture(scope="module")
def up() -> Iterator[Place]:
    """A daemon runs."""
    with tempfile.TemporaryDirectory(prefix="dcvd-test-") as directory:
        house = make_house(Path(directory))
        with serving(house, ENVIRON):
            yield Place(house, house.given(seed))


@pytest.fixture(scope="module")
def down(up: Place) -> Iterator[Place]:
    """No daemon runs; the database is a copy of what the other one had at its start."""
    with tempfile.TemporaryDirectory(prefix="dcvd-test-") as directory:
        house = make_house(Path(directory))
        with closing(sqlite3.connect(up.house.database)) as source, closing(sqlite3.connect(house.database)) as copy:
            source.backup(copy)
        yield Place(house, up.values)


@pytest.fixture(scope="module")
def silent(up: Place) -> Iterator[Place]:
    """A daemon accepts connections, and never answers."""
    with tempfile.TemporaryDirectory(prefix="dcvd-test-") as directory:
        house = make_house(Path(directory))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(house.socket))
            listener.listen(_BACKLOG)
            yield Place(house, up.values, {"DCVD_TIMEOUT": "100ms"}, is_usable=False)


@pytest.fixture(scope="module")
def forbidden(up: Place) -> Iterator[Place]:
    """A daemon's socket is not for this user."""
    with tempfile.TemporaryDirectory(prefix="dcvd-test-") as directory:
        house = make_house(Path(directory))
        private = Path(directory) / "private"
        private.mkdir(mode=0o700)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(private / "dcvd.sock"))
            listener.listen(_BACKLOG)
            text = house.config.read_text().replace(str(house.socket), str(private / "dcvd.sock"))
            house.config.write_text(text)
            private.chmod(0)
            yield Place(house, up.values, is_usable=False, may_override=False)
            private.chmod(0o700)
