"""Runs `dcvd` as a person does: a process of its own, with an environment that holds nothing by chance."""

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from dcvd.cli.operations import Operations, perform
from tests.warm.process import run

T = TypeVar("T")
DEADLINE = 60.0
_CLEARED = (
    "DCVD_", "CLOUDFLARE_", "SAAS_", "OAUTH_", "CREDENTIALS_", "NOTIFY_",
    "LISTEN_", "NO_COLOR", "COLUMNS", "LINES",
)  # fmt: skip


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_CLEARED)}
    return {**kept, **(extra or {})}


def dcvd(
    *arguments: str, environ: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return run(arguments, environ=environment(environ), stdin=stdin, timeout=DEADLINE)


@contextmanager
def running(*arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until it is told to stop; killed at the end if it still does."""
    with subprocess.Popen(
        [sys.executable, "-m", "dcvd", *arguments],
        env=environment(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    """The one line of JSON of a command that went well and said nothing else."""
    assert (done.returncode, done.stderr) == (0, "")
    line, end = done.stdout.split("\n", 1)
    assert end == ""
    return msgspec.json.decode(line)


class House:
    """A configuration whose database, and whose daemon's socket, are in one directory."""

    def __init__(self, directory: Path, more: str = "") -> None:
        self.database = directory / "dcvd.db"
        self.lock = directory / "dcvd.db.lock"
        self.socket = directory / "dcvd.sock"
        self.config = directory / "dcvd.toml"
        self.config.write_text(
            f"""
            [server]
            listen = ["127.0.0.1:0"]
            socket = "{self.socket}"
            [database]
            path = "{self.database}"
            lock_wait = "200ms"
            [cloudflare]
            base_url = "http://127.0.0.1:9/client/v4"
            zone_id = "5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c"
            cname_target = "edge.sandbox.test"
            {more}
            """
        )

    def given(self, work: Callable[[Operations], Awaitable[T]]) -> T:
        """The same operations without a process of their own, for what a test only builds on."""
        return perform(self.config, work, on_created=lambda path: None)

    def given_a_database(self) -> None:
        """An empty one."""
        self.given(lambda operations: operations.list_organizations())

    def dcvd(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return dcvd(*arguments, "--config", str(self.config))

    def json(self, *arguments: str) -> Any:
        return answer(self.dcvd(*arguments, "--json"))
