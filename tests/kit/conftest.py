"""What touches the event loop's inside is tested on both loops: uvloop, which runs in production, and asyncio's own."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import uvloop

from tests.kit.receivers import Resolver

_ON_BOTH_LOOPS = ("test_http_server", "test_http_limits", "test_egress", "test_tasks")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if _runs_on_both(item):
        loops["uvloop"] = uvloop.new_event_loop
    return loops


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs on uvloop too is repeated on asyncio's loop among the sweeps."""
    for item in items:
        if _runs_on_both(item) and item.name.partition("[")[2].startswith("asyncio"):
            item.add_marker(pytest.mark.sweep)


def _runs_on_both(item: pytest.Item) -> bool:
    stem = item.path.stem
    return item.path.parent == Path(__file__).parent and (stem in _ON_BOTH_LOOPS or stem.startswith("test_egress_"))


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    fake = Resolver()
    monkeypatch.setattr("socket.getaddrinfo", fake)
    yield fake
    fake.silent.set()
