"""What touches the event loop's inside is tested on both loops: uvloop, which runs in production, and asyncio's own."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvloop

from tests.kit.receivers import Resolver

_ON_BOTH_LOOPS = ("test_http_server", "test_http_limits", "test_egress", "test_tasks")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.stem in _ON_BOTH_LOOPS or item.path.stem.startswith("test_egress_"):
        loops["uvloop"] = uvloop.new_event_loop
    return loops


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    fake = Resolver()
    monkeypatch.setattr("socket.getaddrinfo", fake)
    yield fake
    fake.silent.set()
