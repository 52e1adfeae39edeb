"""The readiness protocol, against a real datagram socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import structlog

from dcvd.kit.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(60)
        yield receiver


def test_each_change_of_state_is_one_datagram(manager: socket.socket) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": manager.getsockname()})
    notifier.notify_ready()
    notifier.notify_status("12 domains,\n3 due")
    notifier.notify_watchdog()
    notifier.notify_reloading()
    notifier.notify_stopping()
    received = [manager.recv(4096).decode() for _ in range(5)]
    assert received[:3] == ["READY=1", "STATUS=12 domains, 3 due", "WATCHDOG=1"]
    assert received[4] == "STOPPING=1"
    reloading, monotonic = received[3].split("\n")
    assert reloading == "RELOADING=1"
    assert int(monotonic.removeprefix("MONOTONIC_USEC=")) > 0


def test_an_abstract_socket_name_is_understood() -> None:
    name = f"dcvd-test-{uuid4()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"\0{name}")
        receiver.settimeout(60)
        Notifier.from_environment({"NOTIFY_SOCKET": f"@{name}"}).notify_ready()
        assert receiver.recv(64) == b"READY=1"


def test_without_a_manager_every_call_does_nothing() -> None:
    notifier = Notifier.from_environment({})
    notifier.notify_ready()
    notifier.notify_status("idle")
    notifier.notify_stopping()
    assert notifier.watchdog_interval_s is None


def test_a_manager_that_has_gone_is_logged_and_hurts_nobody(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as lines:
        Notifier.from_environment({"NOTIFY_SOCKET": str(tmp_path / "gone")}).notify_ready()
    assert [(line["event"], line["message"]) for line in lines] == [("notify.failed", "READY=1")]


@pytest.mark.parametrize(
    ("variables", "interval"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_interval_is_half_of_the_managers_patience_with_this_process(
    variables: dict[str, str], interval: float | None
) -> None:
    assert Notifier.from_environment({"NOTIFY_SOCKET": "/run/x", **variables}).watchdog_interval_s == interval
