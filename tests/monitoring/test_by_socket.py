"""The two programs that `config/prometheus-scrape.yml` puts before the unix socket, as real ones."""

import asyncio
import contextlib
import itertools
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from dcvd.config import Config
from dcvd.daemon import Daemon
from tests.daemon.test_metrics_listener import load_with
from tests.dns.programs import program
from tests.free_ports import find_free_port
from tests.monitoring.files import SCRAPE
from tests.waiting import until


def read_example(head: str) -> str:
    """The lines of a comment from one that begins with `head` on, to the next empty one."""
    lines = [line.removeprefix("#") for line in SCRAPE.read_text().splitlines()]
    start = next(number for number, line in enumerate(lines) if line.strip().startswith(head))
    return "\n".join(itertools.takewhile(str.strip, lines[start:]))


@asynccontextmanager
async def running(process: asyncio.subprocess.Process, port: int) -> AsyncIterator[None]:
    async def listens() -> bool:
        assert process.returncode is None
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        return False

    try:
        await until(listens)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def get(port: int, path: str) -> tuple[int, str]:
    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))
    async with session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


@pytest.fixture
async def daemon(sandbox_config: Config, tmp_path: Path) -> AsyncIterator[Daemon]:
    """It listens for nobody's scrapes by TCP."""
    async with Daemon(load_with(sandbox_config, tmp_path, None)) as started:
        yield started


@pytest.mark.usefixtures("daemon")
async def test_nginx_hands_on_the_metrics_and_nothing_else(tmp_path: Path) -> None:
    nginx, port = program("nginx"), find_free_port()
    text = (
        read_example("server {")
        .replace("127.0.0.1:9100", f"127.0.0.1:{port}")
        .replace("/run/dcvd.sock", f"{tmp_path}/s")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
    (tmp_path / "nginx.conf").write_text(
        f"daemon off;\n{user}\npid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}\n{text}\n}}\n"
    )
    process = await asyncio.create_subprocess_exec(
        nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), stderr=asyncio.subprocess.DEVNULL
    )
    async with running(process, port):
        status, body = await get(port, "/metrics")
        assert (status, "dcvd_build_info{" in body) == (200, True)
        for path in ("/operator/organizations", "/health", "/metrics/x", "/"):
            assert (await get(port, path))[0] == 404, path


@pytest.mark.usefixtures("daemon")
async def test_socket_proxyd_hands_on_all_that_its_user_may_read(tmp_path: Path) -> None:
    (command,) = re.findall(r"ExecStart=(\S+) /run/dcvd\.sock", read_example("[Service]"))
    proxyd = program(command)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    # As systemd starts it: the socket is descriptor 3.
    process = await asyncio.create_subprocess_exec(
        program("bash"),  # whose descriptors may have two digits
        "-c",
        f"exec 3<&{listener.fileno()}; exec env LISTEN_FDS=1 LISTEN_PID=$$ {proxyd} {tmp_path}/s",
        pass_fds=[listener.fileno()],
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with running(process, port):
        status, body = await get(port, "/metrics")
        assert (status, "dcvd_build_info{" in body) == (200, True)
        assert (await get(port, "/operator/organizations"))[0] == 200
    listener.close()
