"""No thread that sends traces outlives its test: what it draws from `random` would disturb the next one."""

import threading
from collections.abc import Iterator

import pytest

_DEADLINE = 30.0


@pytest.fixture(autouse=True)
def _exporters_of_traces_end() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("Otel"):
            thread.join(_DEADLINE)
            assert not thread.is_alive(), f"{thread.name} goes on"
