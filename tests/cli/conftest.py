import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import msgspec
import pytest

from tests.cli.processes import House, environment
from tests.warm.process import start


@pytest.fixture
def house(tmp_path: Path) -> House:
    """No daemon runs in it."""
    return House(tmp_path)


@pytest.fixture(scope="module")
def served() -> Iterator[House]:
    """A house whose daemon runs; its tests share it, so each makes an organization of its own."""
    environ = environment({"CLOUDFLARE_API_TOKEN": "sandbox-token"})
    # A socket's path is short by law, which pytest's own directories may not be.
    with tempfile.TemporaryDirectory(prefix="dcvd-test-") as directory:
        house = ServedHouse(Path(directory), '[dns]\nresolvers = ["127.0.0.1:9"]\nauthoritative = false')
        reader, writer = os.pipe()
        with open(reader) as said, open(writer, "wb") as log:
            daemon = start(["serve", "--config", str(house.config)], environ=environ, stdout=log, stderr=log)
            log.close()
            try:
                house.url = msgspec.json.decode(_started(said))["urls"][0]
                yield house
                daemon.send_signal(signal.SIGTERM)
                said.read()
                assert daemon.wait(60) == 0
            finally:
                daemon.kill()


def _started(said: TextIO) -> str:
    """What the daemon says when it has started."""
    lines = [said.readline()]
    while '"daemon.started"' not in lines[-1]:
        assert lines[-1] != "", f"the daemon did not start: {lines}"
        lines.append(said.readline())
    return lines[-1]


class ServedHouse(House):
    url = ""


@pytest.fixture(params=[pytest.param("on the database", marks=pytest.mark.sweep), "over the socket"])
def either(request: pytest.FixtureRequest) -> House:
    """Both ways in turn; on the database it is the same API, which a command serves to itself."""
    name = "house" if request.param == "on the database" else "served"
    found = request.getfixturevalue(name)
    assert isinstance(found, House)
    return found
