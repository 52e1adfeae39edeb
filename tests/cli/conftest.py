import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import structlog

from tests.cli.processes import House, running


@pytest.fixture(autouse=True)
def _logging_is_put_back() -> Iterator[None]:
    """Commands that run in the test's own process set it up for a process of their own."""
    loggers = [logging.getLogger(name) for name in (None, "aiosqlite", "uvicorn")]
    before, handlers, levels = structlog.get_config(), loggers[0].handlers[:], [logger.level for logger in loggers]
    yield
    structlog.configure(**before)
    loggers[0].handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """No daemon runs in it."""
    return House(tmp_path)


@pytest.fixture(scope="module")
def served() -> Iterator[House]:
    """A house whose daemon runs; its tests share it, so each makes an organization of its own."""
    token = {"CLOUDFLARE_API_TOKEN": "sandbox-token"}
    # A socket's path is short by law, which pytest's own directories may not be.
    with tempfile.TemporaryDirectory(prefix="dcvd-test-") as directory:
        house = ServedHouse(Path(directory))
        with running("serve", "--config", str(house.config), environ=token) as daemon:
            assert daemon.stderr is not None
            said = [daemon.stderr.readline()]
            while '"daemon.started"' not in said[-1]:
                assert said[-1] != "", f"the daemon did not start: {said}"
                said.append(daemon.stderr.readline())
            house.url = msgspec.json.decode(said[-1])["urls"][0]
            yield house
            daemon.terminate()
            daemon.communicate(timeout=60)
            assert daemon.returncode == 0


class ServedHouse(House):
    url = ""


@pytest.fixture(params=["on the database", "over the socket"])
def either(request: pytest.FixtureRequest) -> House:
    """Both ways in turn."""
    name = "house" if request.param == "on the database" else "served"
    found = request.getfixturevalue(name)
    assert isinstance(found, House)
    return found
