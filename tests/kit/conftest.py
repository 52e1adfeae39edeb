"""What touches the event loop's inside is tested on both loops: uvloop, which runs in production, and asyncio's own."""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest
import uvloop

_HERE = Path(__file__).parent
_ON_BOTH_LOOPS = (
    _HERE / "http/test_server.py",
    _HERE / "http/test_connections.py",
    _HERE / "http/test_limits.py",
    _HERE / "http/test_pipelining.py",
    _HERE / "test_tasks.py",
    _HERE / "egress",
)
_ON_ONE_LOOP = (_HERE / "egress/test_system_resolver.py",)


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
    return _is_of_both(item.path)


@cache
def _is_of_both(file: Path) -> bool:
    return file not in _ON_ONE_LOOP and any(file.is_relative_to(place) for place in _ON_BOTH_LOOPS)
