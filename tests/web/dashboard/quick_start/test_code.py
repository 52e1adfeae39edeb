"""The code of the quick start does what it says: run as it stands, at a daemon, with a webhook that arrives."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from msgspec import Struct

from dcvd.core.secret import Secret
from tests.dns.programs import program
from tests.docs.receivers import LANGUAGES, RunningReceiver, running
from tests.docs.signed_deliveries import event, post, sign
from tests.free_ports import find_free_port
from tests.waiting import until
from tests.web.browser.place import Place, Tenant, opened
from tests.web.dashboard.quick_start.page import Code, read_code

pytestmark = [pytest.mark.sweep, pytest.mark.timeout(120)]

_COMMANDS: Final = {
    "curl": ["bash", "-c"],
    "node": ["node", "--input-type=module", "-e"],
    "python": [sys.executable, "-c"],
}
_NEEDS: Final = {"curl": ["bash", "curl"], "node": ["node"], "python": []}


class Developer(Struct, frozen=True):
    """Reads the page in a browser, and runs what it shows in one language."""

    tenant: Tenant
    session: aiohttp.ClientSession
    language: str

    async def read_page(self) -> Code:
        async with self.session.get(f"{self.tenant.place.url}/dashboard/quick-start") as response:
            assert response.status == 200
            return read_code(await response.text())

    async def run(self, step: str, **replaced: str) -> Any:
        """Run a step, with what a developer would put in place of the example; return the JSON that it prints."""
        text = (await self.read_page())[step, self.language]
        for placeholder, value in replaced.items():
            assert placeholder in text
            text = text.replace(placeholder, value)
        process = await asyncio.create_subprocess_exec(
            *_COMMANDS[self.language],
            text,
            env={**os.environ, "DCVD_TOKEN": self.tenant.token},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        assert process.returncode == 0, (text, output, errors)
        return json.loads(output)


async def sign_in(session: aiohttp.ClientSession, tenant: Tenant) -> None:
    async with session.post(
        f"{tenant.place.url}/sign-in",
        data={"token": tenant.token, "next": "/dashboard"},
        headers={"Origin": tenant.place.url, "Sec-Fetch-Site": "same-origin"},
    ) as response:
        assert response.status == 200
        assert str(response.url).endswith("/dashboard"), await response.text()


@pytest.fixture
async def place(tmp_path: Path) -> Any:
    async with opened(tmp_path) as running_place:
        yield running_place


@pytest.mark.parametrize("language", _COMMANDS)
async def test_from_the_token_to_a_webhook_that_arrives(language: str, place: Place, tmp_path: Path) -> None:
    for name in _NEEDS[language]:
        program(name)
    tenant = await place.new_tenant()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        await sign_in(session, tenant)
        developer = Developer(tenant, session, language)
        assert (await developer.run("token"))["caller"]["orgId"] == tenant.org_id
        domain = (await developer.run("domain"))["domain"]
        assert domain["domainName"] == "app.customer.test"
        (record,) = domain["requiredRecords"]
        await place.set_dns(record["fqdn"], record["type"], record["valueWithDot"])

        async def is_ready() -> bool:
            return bool((await developer.run("record"))["domain"]["ready"])

        await until(is_ready)
        kind = next(each for each in LANGUAGES if each.name == ("Node" if language == "node" else "Python"))
        await receive(developer, kind, tmp_path)


async def receive(developer: Developer, kind: Any, directory: Path) -> None:
    """Start the receiver of the page with the secret of a webhook, and have a test arrive there and nothing forged."""
    port = find_free_port()
    created = await developer.run("webhook", **{"https://hooks.example.com/dcvd": f"http://127.0.0.1:{port}/hooks"})
    files = await developer.read_page()
    suffix = "node-file" if kind.name == "Node" else "python-file"
    for secret in (created["webhook"]["signingSecret"], created["webhook"]["secret"]):
        folder = directory / f"receiver-{len(secret)}"
        folder.mkdir()
        (folder / kind.file).write_text(files["receiver", suffix])
        async with running(kind, folder, Secret(secret), port, folder) as receiver:
            tested = await developer.run("test")
            assert tested["delivery"]["status"] == "delivered", tested
            await see_that_nothing_forged_is_taken(receiver)
            lines = list(receiver.lines)
        assert lines[0].startswith("webhook.test evt_")
        assert len(lines) == 1


async def see_that_nothing_forged_is_taken(receiver: RunningReceiver) -> None:
    event_id, body = event()
    assert await post(receiver, sign(event_id, body, [Secret("ab" * 32)]), body) == 401
