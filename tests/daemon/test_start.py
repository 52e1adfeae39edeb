"""What a process does with signals, and says to its service manager, before its start is over."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import aiohttp
import pytest

from dcvd.daemon.start_extension import WorkDone, extend_start, measure_work
from dcvd.kit.notify import Notifier
from dcvd.sandbox import Sandbox
from tests.daemon.process import DaemonProcess, write_config
from tests.waiting import until

ROUND_S = 0.02


class Manager:
    """A service manager that notes what it is told, and reads at once: a daemon waits for one who does not."""

    def __init__(self, address: Path) -> None:
        self.address = str(address)
        self.heard: list[str] = []
        self._receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._receiver.bind(self.address)
        self._receiver.setblocking(False)
        asyncio.get_running_loop().add_reader(self._receiver, self._read)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._receiver)
        self._receiver.close()

    def _read(self) -> None:
        self.heard.append(self._receiver.recv(4096).decode())


def _has_blocked(pid: int, number: signal.Signals) -> bool:
    """Whether a process's main thread has blocked a signal (proc(5), SigBlk)."""
    status = Path(f"/proc/{pid}/status").read_text()
    (mask,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigBlk")]
    return bool(int(mask, 16) >> (number - 1) & 1)


async def test_a_hangup_each_20_ms_of_a_start_ends_nothing_and_the_new_configuration_counts_afterwards(
    tmp_path: Path, world: Sandbox
) -> None:
    """The process begins with its imports, as a new one does; the signals begin with its own first line."""
    config = write_config(tmp_path, api=world.api_url, dns=world.dns_address)
    daemon = DaemonProcess(config)
    manager = Manager(tmp_path / "notify")
    with daemon.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dcvd", "serve", "--config", str(config), stderr=log,
            env={**os.environ, "NOTIFY_SOCKET": manager.address},
        )  # fmt: skip
    try:

        async def holds_back() -> bool:
            return _has_blocked(process.pid, signal.SIGHUP)

        await until(holds_back)
        began = time.monotonic()
        healthy = False
        sent = 0
        while not healthy or time.monotonic() - began < 2.0:
            assert process.returncode is None, daemon.log.read_text()
            process.send_signal(signal.SIGHUP)
            sent += 1
            await asyncio.sleep(0.02)
            healthy = healthy or await _answers(daemon.url)
        assert sent >= 20
        await until(lambda: _has_event(daemon, "daemon.reloaded"))
        process.terminate()
        async with asyncio.timeout(30):
            assert await process.wait() == 0, daemon.log.read_text()
        events = [entry["event"] for entry in _log(daemon)]
        assert events.index("daemon.started") < events.index("daemon.reloaded")
        told = [message.partition("\n")[0] for message in manager.heard]
        assert told[:2] == ["STATUS=Starting", "EXTEND_TIMEOUT_USEC=120000000"]
        assert told.index("READY=1") < told.index("RELOADING=1")
        assert told[-1] == "STOPPING=1"
    finally:
        manager.close()
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.sampled(2)
async def test_a_stop_during_a_start_is_followed_and_never_says_that_it_is_ready(
    tmp_path: Path, world: Sandbox, number: signal.Signals
) -> None:
    """The lock is held by another, so that the start waits."""
    config = write_config(tmp_path, api=world.api_url, dns=world.dns_address)
    config.write_text(config.read_text().replace("[database]", '[database]\nlock_wait = "30s"'))
    manager = Manager(tmp_path / "notify")
    holder = DaemonProcess(config)
    await holder.start()
    waiting = DaemonProcess(config)
    try:
        await waiting.spawn(environ={"NOTIFY_SOCKET": manager.address})

        async def has_begun() -> bool:
            return any(message.startswith("EXTEND_TIMEOUT_USEC=") for message in manager.heard)

        await until(has_begun)
        waiting.process.send_signal(number)
        waiting.process.send_signal(signal.SIGHUP)
        await holder.kill()
        async with asyncio.timeout(30):
            assert await waiting.process.ended() == 0
        assert "READY=1" not in manager.heard
    finally:
        manager.close()
        await waiting.kill()
        await holder.kill()


def test_nothing_that_takes_time_is_imported_before_a_hangup_is_held_back() -> None:
    code = (
        "import sys, dcvd.__main__; print([name for name in sys.modules if name.split('.')[0] in ('click', 'asyncio')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_daemon_imports_no_renderer_of_terminals() -> None:
    code = """
import sys, types, dcvd.__main__

def run(_arguments):
    import structlog
    print([name for name in sys.modules if name.split(".")[0] in ("rich", "pygments")])

sys.argv[1:] = ["serve"]
sys.modules["dcvd.cli.main"] = types.ModuleType("dcvd.cli.main")
sys.modules["dcvd.cli.main"].run = run
dcvd.__main__.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_a_start_that_gets_on_is_given_more_time_and_one_that_does_nothing_is_not(tmp_path: Path) -> None:
    manager = Manager(tmp_path / "notify")
    work = WorkDone(0.0, 0)
    stop_event = asyncio.Event()
    task = asyncio.create_task(
        extend_start(Notifier(manager.address), stop_event, interval_s=ROUND_S, measure=lambda: work)
    )
    await until(lambda: _has_heard(manager, 1))
    await asyncio.sleep(5 * ROUND_S)
    assert manager.heard == ["EXTEND_TIMEOUT_USEC=120000000"], "once at its beginning"
    work = WorkDone(1.0, 0)
    await until(lambda: _has_heard(manager, 2))
    work = WorkDone(1.0, 1)
    await until(lambda: _has_heard(manager, 3))
    stop_event.set()
    work = WorkDone(9.0, 9)
    async with asyncio.timeout(30):
        await task
    assert len(manager.heard) == 3, "a stop is given no more time"
    manager.close()


def test_the_work_of_every_thread_is_measured() -> None:
    before = measure_work()
    end = threading.Event()

    def compress() -> None:
        while not end.is_set():
            zlib.compress(bytes(1 << 20))

    thread = threading.Thread(target=compress)
    thread.start()
    deadline = time.monotonic() + 30
    while measure_work().cpu_s - before.cpu_s < 0.1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    end.set()
    thread.join()


async def _has_heard(manager: Manager, count: int) -> bool:
    return len(manager.heard) == count


async def _answers(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/health") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


async def _has_event(daemon: DaemonProcess, name: str) -> bool:
    return any(entry["event"] == name for entry in _log(daemon))


def _log(daemon: DaemonProcess) -> list[dict[str, object]]:
    return [json.loads(line) for line in daemon.log.read_text().splitlines() if line.startswith("{")]
