"""A house whose zone at Cloudflare is a sandbox in the test's own process."""

import asyncio
import sqlite3
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

from dcvd.config import Live, load
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox, SandboxSettings
from tests.apart import running_apart
from tests.cli.processes import House, environment
from tests.warm.process import run


def sandbox_running(*, preloaded: int = 0) -> AbstractContextManager[Sandbox]:
    """A sandbox on a loop of its own: the commands run their own. `preloaded`: as for SandboxSettings."""
    settings = SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=0.02, preloaded=preloaded)
    return running_apart(lambda: Sandbox(settings))


def use_sandbox(house: House, sandbox: Sandbox) -> None:
    """Have the configuration of a house name a sandbox as Cloudflare."""
    text = house.config.read_text().replace("http://127.0.0.1:9/client/v4", sandbox.api_url)
    text = text.replace("[cloudflare]", "[cloudflare]\ncertificates_per_minute = 0\nrequests_per_5m = 0")
    house.config.write_text(text)


class SandboxHouse(House):
    """A house whose zone at Cloudflare has hostnames that its database does not know."""

    def __init__(self, directory: Path, sandbox: Sandbox) -> None:
        super().__init__(directory, '[domains]\nallow_reserved_tlds = ["test"]')
        use_sandbox(self, sandbox)
        self.environ = environment({"CLOUDFLARE_API_TOKEN": "sandbox-token"})

    def register(self, name: str, **order: Any) -> str:
        async def work() -> str:
            client = CloudflareClient(Live(load(self.config, self.environ).config), Metrics())
            await client.start()
            try:
                return (await client.create(name, **order)).id
            finally:
                await client.close()

        return asyncio.run(work())

    def run(self, *arguments: str, code: int = 0, stdin: str = "") -> tuple[str, str]:
        """What a command prints, and what it says."""
        done = run([*arguments, "--config", str(self.config)], environ=self.environ, stdin=stdin)
        assert done.returncode == code, done.stderr
        return done.stdout, done.stderr

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()
