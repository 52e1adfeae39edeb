"""The receivers of docs/webhooks.md as processes: extracted from the page, compiled where that is needed, started."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import pytest
from msgspec import Struct

from dcvd.core.secret import Secret
from tests.docs.markdown import ROOT, read_page

WEBHOOKS: Final = ROOT / "docs" / "webhooks.md"
_FILE: Final = re.compile(r"^\w+ file=(\S+)$")


class Language(Struct, frozen=True, kw_only=True):
    """How a language's receiver is compiled and run; `{port}` stands for its port.

    `package`: what it needs of those in DCVD_NODE_MODULES.
    """

    name: str
    file: str
    programs: Sequence[str]
    run: Sequence[str]
    compile: Sequence[str] = ()
    package: str | None = None


LANGUAGES: Final = (
    Language(name="Python", file="receiver.py", programs=[sys.executable], run=[sys.executable, "receiver.py"]),
    Language(name="Node", file="receiver.mjs", programs=["node"], run=["node", "receiver.mjs"]),
    Language(
        name="Express",
        file="receiver-express.mjs",
        programs=["node"],
        run=["node", "receiver-express.mjs"],
        package="express",
    ),
    Language(
        name="PHP", file="receiver.php", programs=["php"], run=["php", "-q", "-S", "127.0.0.1:{port}", "receiver.php"]
    ),
    Language(name="Ruby", file="receiver.rb", programs=["ruby"], run=["ruby", "receiver.rb"]),
    Language(
        name="Go",
        file="receiver.go",
        programs=["go"],
        compile=["go", "build", "-o", "receiver", "receiver.go"],
        run=["./receiver"],
    ),
    Language(
        name="C#",
        file="Receiver.cs",
        programs=["mcs", "mono"],
        compile=["mcs", "-warnaserror", "-out:Receiver.exe", "Receiver.cs"],
        run=["mono", "Receiver.exe"],
    ),
)


def documented_files() -> dict[str, str]:
    """The files that the page holds, by their name."""
    return {
        name[1]: block.text for block in read_page(WEBHOOKS).blocks if (name := _FILE.match(block.language)) is not None
    }


def build(language: Language, directory: Path) -> Path:
    """Write a receiver's file, and compile it. Skips where the language is not installed."""
    for program in language.programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed, and the receiver in {language.name} needs it")
    if language.package is not None:
        _link_packages(directory, language.package)
    (directory / language.file).write_text(documented_files()[language.file])
    if language.compile:
        environ = {**os.environ, "GOCACHE": str(directory / "cache"), "GO111MODULE": "off"}
        done = subprocess.run(language.compile, cwd=directory, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return directory


def _link_packages(directory: Path, package: str) -> None:
    """Let Node find what DCVD_NODE_MODULES holds. Skips where the package is not there."""
    modules = os.environ.get("DCVD_NODE_MODULES", "")
    if not modules or not (Path(modules) / package).is_dir():
        pytest.skip(
            f"Node's package {package} is not here: npm install {package}, then set DCVD_NODE_MODULES to the "
            "node_modules folder."
        )
    (directory / "node_modules").symlink_to(modules)


class RunningReceiver:
    """A receiver that listens; what it has printed is in `lines`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lines: list[str] = []


@contextlib.asynccontextmanager
async def running(
    language: Language, directory: Path, secret: Secret, port: int, scratch: Path
) -> AsyncIterator[RunningReceiver]:
    """Start a receiver that was built, with one secret; `scratch` is its directory of temporary files."""
    command = [part.format(port=port) for part in language.run]
    environ = {**os.environ, "WEBHOOK_SECRET": secret.reveal(), "PORT": str(port), "TMPDIR": str(scratch)}
    errors = scratch / "errors"
    with errors.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=directory, env=environ, stdout=asyncio.subprocess.PIPE, stderr=stderr
        )
    assert process.stdout is not None
    receiver = RunningReceiver(f"http://127.0.0.1:{port}/hooks")
    reader = asyncio.create_task(_collect(process.stdout, receiver.lines), name="receiver.lines")
    try:
        await _listening(process, port, errors)
        yield receiver
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reader


async def _collect(stream: asyncio.StreamReader, lines: list[str]) -> None:
    while line := await stream.readline():
        lines.append(line.decode().strip())


async def _listening(process: asyncio.subprocess.Process, port: int, errors: Path) -> None:
    async with asyncio.timeout(60):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return
    _fail_with(errors)


def _fail_with(errors: Path) -> None:
    pytest.fail(f"the receiver ended: {errors.read_text()}")
